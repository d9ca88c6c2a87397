#include <conveyor/testkit/check.hpp>

#include <cerrno>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "place.hpp"
#include "scratch.hpp"

namespace conveyor::test {

using locking::sidecar_name;

TEST(l2, sidecars_stand_beside_the_resource) {
  const Scratch scratch;
  CHECK_EQ(sidecar_of(scratch.make_file("counter.txt")), scratch / "counter.txt.lock");
  CHECK_EQ(sidecar_of(scratch.make_directory("name")), scratch / "name.dir.lock");
  CHECK_EQ(sidecar_of(scratch / "absent"), scratch / "absent.lock");
  CHECK_EQ(sidecar_of(scratch / "absent", ResourceKind::kDirectory), scratch / "absent.dir.lock");
  CHECK_EQ(sidecar_of(scratch / "absent/"), scratch / "absent.dir.lock");
}

TEST(l2, kinds_that_do_not_fit_are_refused) {
  const Scratch scratch;
  std::string sidecar;
  CHECK_EQ(find_sidecar(scratch.make_file("file"), ResourceKind::kDirectory, &sidecar), -ENOTDIR);
  CHECK_EQ(find_sidecar(scratch.make_directory("folder"), ResourceKind::kFile, &sidecar), -EISDIR);
  CHECK_EQ(find_sidecar("/", ResourceKind::kAny, &sidecar), -EBUSY);
  CHECK_EQ(find_sidecar("", ResourceKind::kAny, &sidecar), -ENOENT);
  CHECK_EQ(find_sidecar(std::string("a\0b", 3), ResourceKind::kAny, &sidecar), -EINVAL);
  CHECK_EQ(find_sidecar(scratch / "absent/file", ResourceKind::kAny, &sidecar), -ENOENT);
  CHECK_EQ(find_sidecar(scratch / "file/inside", ResourceKind::kAny, &sidecar), -ENOTDIR);
}

TEST(lesson_38, no_two_resources_share_a_sidecar) {
  std::map<std::string, std::string> taken;
  std::vector<std::string> names{"foo"};
  const std::vector<std::string> endings{".dir", ".file", ".lock", ""};
  for (int depth = 0; depth < 4; ++depth) {
    const size_t count = names.size();
    for (size_t index = 0; index < count; ++index) {
      for (const std::string& ending : endings) names.push_back(names[index] + ending);
    }
  }
  for (const std::string& name : names) {
    for (const bool is_directory : {false, true}) {
      const std::string who = name + (is_directory ? "/" : "");
      const auto [found, is_new] = taken.emplace(sidecar_name(name, is_directory), who);
      CHECK_MSG(is_new || found->second == who, found->second + " and " + who + " share " + found->first);
    }
  }
  CHECK_EQ(sidecar_name("foo", true), "foo.dir.lock");
  CHECK_EQ(sidecar_name("foo.dir", false), "foo.dir.file.lock");
}

TEST(lesson_38, what_does_not_exist_yet_has_one_name_through_links) {
  const Scratch scratch;
  scratch.make_directory("real");
  std::filesystem::create_symlink("real", scratch / "linked");
  std::filesystem::create_symlink("real/later", scratch / "promise");
  std::filesystem::create_symlink(scratch / "promise", scratch / "promise of a promise");
  const std::string sidecar = scratch / "real/later.lock";
  CHECK_EQ(sidecar_of(scratch / "real/later"), sidecar);
  CHECK_EQ(sidecar_of(scratch / "linked/later"), sidecar);
  CHECK_EQ(sidecar_of(scratch / "linked/../real/./later"), sidecar);
  CHECK_EQ(sidecar_of(scratch / "promise"), sidecar);
  CHECK_EQ(sidecar_of(scratch / "promise of a promise"), sidecar);
  scratch.make_file("real/later");
  CHECK_EQ(sidecar_of(scratch / "linked/later"), sidecar);
  CHECK_EQ(sidecar_of(scratch / "promise of a promise"), sidecar);
}

TEST(l2, links_that_lead_in_a_circle_are_refused) {
  const Scratch scratch;
  std::filesystem::create_symlink("b", scratch / "a");
  std::filesystem::create_symlink("a", scratch / "b");
  FileLock lock;
  CHECK_EQ(FileLock::acquire(scratch / "a", {}, &lock), -ELOOP);
}

TEST(l3, a_guess_is_the_resolved_place_where_no_link_is_on_the_way) {
  const Scratch scratch;
  scratch.make_directory("folder");
  scratch.make_file("file.dir");
  for (const char* name : {"folder", "file.dir", "absent"}) {
    locking::Place guessed;
    locking::Place resolved;
    CHECK_EQ(locking::guess(scratch / name, ResourceKind::kAny, &guessed), 0);
    CHECK_EQ(locking::resolve(scratch / name, ResourceKind::kAny, &resolved), 0);
    CHECK_EQ(guessed.resource, resolved.resource);
    CHECK_EQ(guessed.sidecar, resolved.sidecar);
    CHECK(resolved.is_resolved && !guessed.is_resolved);
  }
}

TEST(l3, a_guess_keeps_away_from_what_it_cannot_know) {
  const Scratch scratch;
  std::filesystem::create_symlink("target", scratch / "link");
  for (const std::string& path : {std::string("relative"), scratch / "link", scratch / "a/../b", scratch / "./a",
                                  scratch / "a//b", scratch / "a/", std::string("/"), std::string("/a\0b", 4)}) {
    locking::Place place;
    CHECK_EQ(locking::guess(path, ResourceKind::kAny, &place), -EAGAIN);
  }
}

}  // namespace conveyor::test

CONVEYOR_TEST_MAIN()
