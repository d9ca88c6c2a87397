#include "arguments.hpp"

#include <array>
#include <charconv>

namespace conveyor::bench {
namespace {

struct TextOption {
  std::string_view name;
  std::string Settings::* field;
};

struct NumberOption {
  std::string_view name;
  std::uint64_t Settings::* field;
  std::uint64_t least;
  std::uint64_t most;
};

constexpr std::array kTexts{
    TextOption{"--condition", &Settings::condition},
    TextOption{"--directory", &Settings::directory},
    TextOption{"--side", &Settings::side},
};

constexpr std::array kNumbers{
    NumberOption{"--bytes", &Settings::bytes, 16, std::uint64_t{1} << 40},
    NumberOption{"--block", &Settings::block, 16, 1 << 30},
    NumberOption{"--rounds", &Settings::rounds, 1, 10'000},
    NumberOption{"--seed", &Settings::seed, 0, UINT64_MAX},
    NumberOption{"--delay-us", &Settings::delay_us, 0, 10'000'000},
    NumberOption{"--megabits", &Settings::megabits, 0, 1'000'000},
    NumberOption{"--handles", &Settings::handles, 1, 10'000'000},
    NumberOption{"--rest-ms", &Settings::rest_ms, 0, 3'600'000},
};

std::uint64_t number_of(const NumberOption& option, std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size() && value >= option.least && value <= option.most) {
    return value;
  }
  throw BadArguments(std::string(option.name) + " " + std::string(text) + ": a whole number from " +
                     std::to_string(option.least) + " to " + std::to_string(option.most) + " is needed");
}

bool set_option(Settings& settings, std::string_view name, std::string_view value) {
  for (const TextOption& option : kTexts) {
    if (option.name != name) continue;
    settings.*option.field = value;
    return true;
  }
  for (const NumberOption& option : kNumbers) {
    if (option.name != name) continue;
    settings.*option.field = number_of(option, value);
    return true;
  }
  return false;
}

}  // namespace

Settings parse_arguments(std::span<const char* const> arguments) {
  Settings settings;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--list") {
      settings.list = true;
    } else if (!argument.starts_with("--")) {
      if (!settings.workload.empty()) throw BadArguments(std::string(argument) + ": one workload at a time");
      settings.workload = argument;
    } else if (i + 1 == arguments.size()) {
      throw BadArguments(std::string(argument) + " is unknown, or lacks its value");
    } else if (!set_option(settings, argument, arguments[++i])) {
      throw BadArguments("unknown option " + std::string(argument));
    }
  }
  if (settings.workload.empty() && !settings.list) throw BadArguments("which workload? --list names them");
  if (settings.block % 16 != 0) throw BadArguments("--block is a multiple of 16");
  if (settings.bytes % settings.block != 0) throw BadArguments("--bytes is a multiple of --block");
  return settings;
}

}  // namespace conveyor::bench
