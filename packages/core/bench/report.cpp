#include "report.hpp"

#include <cstdio>

namespace conveyor::bench {
namespace {

struct Printer {
  std::ostream& out;
  void operator()(std::string_view text) const { out << json_string(text); }
  void operator()(std::uint64_t number) const { out << number; }
  void operator()(std::int64_t number) const { out << number; }
  void operator()(bool truth) const { out << (truth ? "true" : "false"); }
};

}  // namespace

void Report::line(std::string_view type, std::initializer_list<Field> fields) {
  out_ << "{\"type\":" << json_string(type);
  for (const Field& field : fields) {
    out_ << ',' << json_string(field.name) << ':';
    std::visit(Printer{out_}, field.value);
  }
  out_ << '}' << std::endl;
}

std::string json_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      quoted += escape;
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

}  // namespace conveyor::bench
