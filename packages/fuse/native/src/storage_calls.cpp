#include "storage_calls.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>

#include "arguments.hpp"
#include "settings.hpp"
#include "storage/storage_file_system.hpp"

namespace conveyor::mount {

namespace {

/// A function of JavaScript that lives as long as what calls it, on the JavaScript thread.
class Callback {
 public:
  Callback(napi_env env, napi_value function) { napi_create_reference(env, function, 1, &reference_); }
  void call(napi_env env, const std::vector<napi_value>& values) const {
    napi_value function, receiver;
    if (napi_get_reference_value(env, reference_, &function) != napi_ok) return;
    napi_get_undefined(env, &receiver);
    napi_call_function(env, receiver, function, values.size(), values.data(), nullptr);
  }
  void release(napi_env env) const { napi_delete_reference(env, reference_); }

 private:
  napi_ref reference_ = nullptr;
};

napi_value make_numbers(napi_env env, const std::vector<double>& numbers) {
  napi_value array;
  napi_create_array_with_length(env, numbers.size(), &array);
  for (uint32_t index = 0; index < numbers.size(); ++index) {
    napi_set_element(env, array, index, make_number(env, numbers[index]));
  }
  return array;
}

std::vector<double> read_numbers(napi_env env, napi_value value) {
  std::vector<double> all;
  uint32_t count = 0;
  if (napi_get_array_length(env, value, &count) != napi_ok) return all;
  for (uint32_t index = 0; index < count; ++index) {
    napi_value element;
    if (napi_get_element(env, value, index, &element) == napi_ok) all.push_back(read_number(env, element));
  }
  return all;
}

void tell_question(napi_env env, const Callback& callback, const Question& question) {
  callback.call(env,
                {make_number(env, static_cast<double>(question.number)), make_string(env, name_of(question.operation)),
                 make_number(env, static_cast<double>(question.node)), make_string(env, question.name),
                 make_string(env, question.other), make_numbers(env, question.arguments)});
}

void tell_request(napi_env env, const Callback& callback, uint32_t engine, const conveyor_io_t& io) {
  napi_value bytes, data_only;
  napi_get_undefined(env, &bytes);
  if (io.kind == CONVEYOR_IO_WRITE || io.kind == CONVEYOR_IO_APPEND) {
    // A copy: a storage that gives up early may go on reading it.
    napi_create_buffer_copy(env, io.count, io.buffer, nullptr, &bytes);
  }
  napi_get_boolean(env, io.data_only != 0, &data_only);
  callback.call(env, {make_number(env, engine), make_number(env, static_cast<double>(io.id)), make_number(env, io.kind),
                      bytes, make_number(env, static_cast<double>(io.offset)),
                      make_number(env, static_cast<double>(io.count)), data_only});
}

/// mountStorage(settings, listener, ask, dispatch): the mount's number
napi_value mount_storage(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info);
  Mounts& mounts = mounts_in(arguments.data);
  const auto ask = [callback = Callback(env, arguments[2])](napi_env here, const Question& question) {
    tell_question(here, callback, question);
  };
  const auto dispatch = [callback = Callback(env, arguments[3])](napi_env here, uint32_t engine,
                                                                 const conveyor_io_t& io) {
    tell_request(here, callback, engine, io);
  };
  auto system =
      std::make_unique<StorageFileSystem>(read_presentation(env, arguments[0]), mounts.messenger(), ask, dispatch);
  return make_number(env, mounts.add(env, read_session(env, arguments[0]), std::move(system), arguments[1]));
}

/// The session of the mount in the first argument, kept alive, with its file system; both null when it is over.
struct Place {
  std::shared_ptr<Session> session;
  StorageFileSystem* system = nullptr;
};

Place place_of(napi_env env, void* data, napi_value number) {
  Place place;
  place.session = mounts_in(data).find(static_cast<uint32_t>(read_number(env, number)));
  if (place.session != nullptr) place.system = dynamic_cast<StorageFileSystem*>(&place.session->system());
  return place;
}

struct stat read_attributes(napi_env env, napi_value value) {
  struct stat found {};
  const std::vector<double> numbers = read_numbers(env, value);
  if (numbers.size() < 8) return found;
  const auto time_of = [](double ms) {
    const double seconds = std::floor(ms / 1e3);
    return timespec{static_cast<time_t>(seconds), static_cast<long>((ms - seconds * 1e3) * 1e6)};
  };
  found.st_ino = static_cast<ino_t>(numbers[0]);
  found.st_mode = static_cast<mode_t>(numbers[1]);
  found.st_size = static_cast<off_t>(numbers[2]);
  found.st_nlink = static_cast<nlink_t>(numbers[3]);
  found.st_uid = static_cast<uid_t>(numbers[4]);
  found.st_gid = static_cast<gid_t>(numbers[5]);
  found.st_atim = time_of(numbers[6]);
  found.st_mtim = found.st_ctim = time_of(numbers[7]);
  found.st_blksize = 4096;
  found.st_blocks = (found.st_size + 511) / 512;
  return found;
}

/// answer(mount, question, errno, node, attributes?, text?, modes?, keepsCache)
napi_value answer(napi_env env, napi_callback_info info) {
  const Arguments<8> arguments(env, info);
  const Place place = place_of(env, arguments.data, arguments[0]);
  if (place.system == nullptr) return nullptr;
  Answer given;
  given.error = static_cast<int>(read_number(env, arguments[2]));
  given.node = static_cast<fuse_ino_t>(read_number(env, arguments[3]));
  given.attributes = read_attributes(env, arguments[4]);
  given.text = read_string(env, arguments[5]);
  given.modes = read_numbers(env, arguments[6]);
  given.keeps_cache = read_boolean(env, arguments[7]);
  place.system->answer(static_cast<uint64_t>(read_number(env, arguments[1])), given);
  return nullptr;
}

conveyor_options_t read_options(napi_env env, napi_value value) {
  conveyor_options_t options;
  conveyor_options_init(&options);
  const auto number = [&](const char* name) { return read_optional(env, value, name).value_or(0); };
  options.large_write = CONVEYOR_LARGE_WRITE_SPLIT;
  options.depth_max = static_cast<uint32_t>(number("depthMax"));
  options.write_depth = static_cast<uint32_t>(number("writeDepth"));
  options.retry_deadline_ms = static_cast<uint32_t>(number("retryDeadlineMs"));
  options.write_capacity_max = static_cast<size_t>(number("writeCapacityMax"));
  options.read_capacity_max = static_cast<size_t>(number("readCapacityMax"));
  options.max_dirty_ms = static_cast<uint32_t>(number("maxDirtyMs"));
  return options;
}

/// openEngine(mount, node, flags, capabilities, options): its number, or -errno
napi_value open_engine(napi_env env, napi_callback_info info) {
  const Arguments<5> arguments(env, info);
  const Place place = place_of(env, arguments.data, arguments[0]);
  if (place.system == nullptr) return make_number(env, -EBADF);
  const auto node = static_cast<fuse_ino_t>(read_number(env, arguments[1]));
  return make_number(env, place.system->open_engine(node, static_cast<int>(read_number(env, arguments[2])),
                                                    static_cast<uint32_t>(read_number(env, arguments[3])),
                                                    read_options(env, arguments[4])));
}

/// Tells a callback of JavaScript one number, from any thread.
std::function<void(ssize_t)> teller(const std::shared_ptr<Messenger>& messenger, napi_env env, napi_value function) {
  return [messenger, callback = Callback(env, function)](ssize_t result) {
    messenger->post([callback, result](napi_env here) {
      callback.call(here, {make_number(here, static_cast<double>(result))});
      callback.release(here);
    });
  };
}

/// closeEngine(mount, engine, done(result))
napi_value close_engine(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  const Place place = place_of(env, arguments.data, arguments[0]);
  const auto done = teller(mounts_in(arguments.data).messenger(), env, arguments[2]);
  if (place.system == nullptr) {
    done(-EBADF);
  } else {
    // The session stays until then.
    place.system->close_engine(static_cast<uint32_t>(read_number(env, arguments[1])),
                               [done, session = place.session](ssize_t result) { done(result); });
  }
  return nullptr;
}

/// Starts an operation of the engine in the second argument; `done`, the last argument, gets its result or -errno.
template <typename Start>
napi_value with_engine(napi_env env, void* data, napi_value mount, napi_value number, napi_value function,
                       Start start) {
  const Place place = place_of(env, data, mount);
  const auto done = teller(mounts_in(data).messenger(), env, function);
  const std::shared_ptr<Engine> engine =
      place.system == nullptr ? nullptr : place.system->find_engine(static_cast<uint32_t>(read_number(env, number)));
  if (engine == nullptr) {
    done(-EBADF);
    return nullptr;
  }
  auto* const waiting = new std::function<void(ssize_t)>(done);
  const conveyor_done_t told = [](void* argument, ssize_t result) {
    const std::unique_ptr<std::function<void(ssize_t)>> over(static_cast<std::function<void(ssize_t)>*>(argument));
    (*over)(result);
  };
  const ssize_t result = start(engine->handle(), told, waiting);
  if (result != CONVEYOR_PENDING) told(waiting, result < 0 ? -errno : result);
  return nullptr;
}

/// engineSize(mount, engine, done(result))
napi_value engine_size(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  return with_engine(env, arguments.data, arguments[0], arguments[1], arguments[2],
                     [](conveyor_t* handle, conveyor_done_t done, void* argument) {
                       return conveyor_size_async(handle, done, argument);
                     });
}

/// engineWritten(mount, engine)
napi_value engine_written(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  const Place place = place_of(env, arguments.data, arguments[0]);
  if (place.system == nullptr) return make_number(env, 0);
  const std::shared_ptr<Engine> engine =
      place.system->find_engine(static_cast<uint32_t>(read_number(env, arguments[1])));
  return make_number(env, engine == nullptr ? 0 : static_cast<double>(engine->written_ms.load()));
}

/// syncEngine(mount, engine, done(result))
napi_value sync_engine(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  return with_engine(env, arguments.data, arguments[0], arguments[1], arguments[2],
                     [](conveyor_t* handle, conveyor_done_t done, void* argument) {
                       return conveyor_sync_async(handle, 0, done, argument);
                     });
}

/// truncateEngine(mount, engine, size, done(result))
napi_value truncate_engine(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info);
  const auto size = static_cast<off_t>(read_number(env, arguments[2]));
  return with_engine(env, arguments.data, arguments[0], arguments[1], arguments[3],
                     [size](conveyor_t* handle, conveyor_done_t done, void* argument) {
                       return conveyor_truncate_async(handle, size, done, argument);
                     });
}

/// moveToScratch(mount, node, engine, directory, options, done(number))
napi_value move_to_scratch(napi_env env, napi_callback_info info) {
  const Arguments<6> arguments(env, info);
  const Place place = place_of(env, arguments.data, arguments[0]);
  const auto node = static_cast<fuse_ino_t>(read_number(env, arguments[1]));
  const auto number = static_cast<uint32_t>(read_number(env, arguments[2]));
  const std::string directory = read_string(env, arguments[3]);
  const conveyor_options_t options = read_options(env, arguments[4]);
  mounts_in(arguments.data)
      .in_background(
          env,
          [place, node, number, directory, options] {
            const int result =
                place.system == nullptr ? -EBADF : place.system->move_to_scratch(node, number, directory, options);
            return std::vector<double>{static_cast<double>(result)};
          },
          arguments[5]);
  return nullptr;
}

/// complete(mount, engine, io, result, isRetryable, memory?)
napi_value complete(napi_env env, napi_callback_info info) {
  const Arguments<6> arguments(env, info);
  const Place place = place_of(env, arguments.data, arguments[0]);
  const std::shared_ptr<Engine> engine =
      place.system == nullptr ? nullptr
                              : place.system->find_engine(static_cast<uint32_t>(read_number(env, arguments[1])));
  if (engine == nullptr) return nullptr;
  const auto number = static_cast<uint64_t>(read_number(env, arguments[2]));
  auto result = static_cast<ssize_t>(read_number(env, arguments[3]));
  const conveyor_io_t* io = engine->find(number);
  if (io == nullptr) return nullptr;
  if (io->kind == CONVEYOR_IO_READ && result > 0) {
    void* memory = nullptr;
    size_t length = 0;
    const bool is_buffer = napi_get_buffer_info(env, arguments[5], &memory, &length) == napi_ok;
    const auto count = static_cast<size_t>(result);
    if (is_buffer && count <= length && count <= io->count) {
      std::memcpy(io->buffer, memory, count);
    } else {
      result = -EIO;
    }
  }
  engine->answer(number, result, read_boolean(env, arguments[4]));
  return nullptr;
}

constexpr Function kFunctions[] = {
    {"mountStorage", mount_storage},    {"answer", answer},
    {"openEngine", open_engine},        {"closeEngine", close_engine},
    {"engineSize", engine_size},        {"engineWritten", engine_written},
    {"syncEngine", sync_engine},        {"truncateEngine", truncate_engine},
    {"moveToScratch", move_to_scratch}, {"complete", complete},
};

}  // namespace

std::span<const Function> storage_functions() { return kFunctions; }

}  // namespace conveyor::mount
