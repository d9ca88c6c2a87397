// core_bench: runs one workload of the C API beside its peers and prints a JSON object per line. conveyor-bench
// (apps/bench) runs it and does the statistics. Exit codes: 0; 1 wrong bytes or a failed call; 2 wrong arguments.
#include <cstdio>
#include <iostream>
#include <vector>

#include "pattern.hpp"
#include "workload.hpp"

using namespace conveyor::bench;

namespace {

void list_workloads() {
  for (const Workload* workload : all_workloads()) {
    std::cout << workload->name << ": " << workload->summary << " (";
    const auto& conditions = workload->conditions;
    for (std::size_t i = 0; i < conditions.size(); ++i) std::cout << (i ? ", " : "") << conditions[i];
    std::cout << ")\n";
  }
}

}  // namespace

int main(int argc, char** argv) {
  Report report(std::cout);
  try {
    const std::vector<const char*> arguments(argv + 1, argv + argc);
    const Settings settings = parse_arguments(arguments);
    if (settings.list) {
      list_workloads();
    } else {
      run_workload(settings, report);
    }
    return 0;
  } catch (const BadArguments& error) {
    std::fprintf(stderr, "core_bench: %s\n", error.what());
    return 2;
  } catch (const Mismatch& error) {
    report.line("mismatch", {{"offset", error.offset()}, {"message", std::string_view(error.what())}});
    std::fprintf(stderr, "core_bench: %s\n", error.what());
    return 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "core_bench: %s\n", error.what());
    return 1;
  }
}
