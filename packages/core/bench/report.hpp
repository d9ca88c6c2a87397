#pragma once
/// What a run says: one JSON object per line.

#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <string>
#include <string_view>
#include <variant>

namespace conveyor::bench {

/// Writes lines; each is flushed, so that a reader sees them as they happen.
class Report {
 public:
  using Value = std::variant<std::string_view, std::uint64_t, std::int64_t, bool>;
  struct Field {
    std::string_view name;
    Value value;
  };

  explicit Report(std::ostream& out) : out_(out) {}

  /// One object: `{"type":TYPE, ...fields}`.
  void line(std::string_view type, std::initializer_list<Field> fields);

 private:
  std::ostream& out_;
};

/// A string as JSON, quotes included.
std::string json_string(std::string_view text);

}  // namespace conveyor::bench
