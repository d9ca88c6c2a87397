#pragma once
/// How values are compared and shown by the checks of check.hpp. Include check.hpp, not this file.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <ranges>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <conveyor/testkit/runner.hpp>

namespace conveyor::testkit {

template <typename T>
concept CString = std::is_same_v<std::decay_t<T>, const char*> || std::is_same_v<std::decay_t<T>, char*>;

template <typename T>
concept PlainInteger = std::is_integral_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, char> &&
                       !std::is_same_v<T, wchar_t> && !std::is_same_v<T, char8_t> && !std::is_same_v<T, char16_t> &&
                       !std::is_same_v<T, char32_t>;

template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) { out << value; };

template <typename T>
concept Range = std::ranges::input_range<const T> && !std::is_convertible_v<const T &, std::string_view>;

/// Elements of a range that are shown around the first difference.
inline constexpr std::size_t kShownElementsMax = 16;

template <typename T>
void show_value(std::ostream& out, const T& value, std::size_t first = 0);

template <typename T>
void show_range(std::ostream& out, const T& range, std::size_t first) {
  const auto count = static_cast<std::size_t>(std::ranges::distance(range));
  const std::size_t begin = first > kShownElementsMax / 2 ? first - kShownElementsMax / 2 : 0;
  out << count << " elements, from [" << begin << "]: {";
  std::size_t index = 0;
  for (const auto& element : range) {
    if (index >= begin + kShownElementsMax) break;
    if (index >= begin) {
      if (index > begin) out << ", ";
      show_value(out, element);
    }
    ++index;
  }
  out << (index < count ? ", ...}" : "}");
}

/// Writes a value for a person: numbers as numbers (bytes too), text in quotes, enums by number, ranges around `first`.
template <typename T>
void show_value(std::ostream& out, const T& value, std::size_t first) {
  if constexpr (std::is_same_v<T, bool>) {
    out << (value ? "true" : "false");
  } else if constexpr (std::is_same_v<T, std::byte> || std::is_same_v<T, std::uint8_t>) {
    out << static_cast<unsigned>(value);
  } else if constexpr (std::is_same_v<T, std::int8_t>) {
    out << static_cast<int>(value);
  } else if constexpr (std::is_same_v<T, std::nullptr_t>) {
    out << "nullptr";
  } else if constexpr (CString<T>) {
    const char* text = value;
    if (std::is_pointer_v<T> && text == nullptr) out << "nullptr";
    else out << '"' << text << '"';
  } else if constexpr (std::is_convertible_v<const T &, std::string_view>) {
    out << '"' << std::string_view(value) << '"';
  } else if constexpr (Streamable<T>) {
    out << value;
  } else if constexpr (std::is_enum_v<T>) {
    out << +static_cast<std::underlying_type_t<T>>(value);
  } else if constexpr (Range<T>) {
    show_range(out, value, first);
  } else {
    out << '<' << sizeof(T) << "-byte object>";
  }
}

/// Equality as a test means it: integers by value, C strings by content, ranges element by element.
template <typename A, typename B>
bool values_equal(const A& left, const B& right) {
  if constexpr (PlainInteger<A> && PlainInteger<B>) {
    return std::cmp_equal(left, right);
  } else if constexpr (CString<A> && CString<B>) {
    const char* a = left;
    const char* b = right;
    return a == nullptr || b == nullptr ? a == b : std::string_view(a) == std::string_view(b);
  } else if constexpr (requires { static_cast<bool>(left == right); }) {
    return static_cast<bool>(left == right);
  } else {
    static_assert(Range<A> && Range<B>, "CHECK_EQ needs operator== or two ranges");
    return std::ranges::equal(left, right, [](const auto& a, const auto& b) { return values_equal(a, b); });
  }
}

template <typename A, typename B>
bool value_less(const A& left, const B& right) {
  if constexpr (PlainInteger<A> && PlainInteger<B>) return std::cmp_less(left, right);
  else return static_cast<bool>(left < right);
}

struct Equal {
  static bool holds(const auto& a, const auto& b) { return values_equal(a, b); }
};
struct NotEqual {
  static bool holds(const auto& a, const auto& b) { return !values_equal(a, b); }
};
struct Less {
  static bool holds(const auto& a, const auto& b) { return value_less(a, b); }
};
struct LessEqual {
  static bool holds(const auto& a, const auto& b) { return value_less(a, b) || values_equal(a, b); }
};
struct Greater {
  static bool holds(const auto& a, const auto& b) { return value_less(b, a); }
};
struct GreaterEqual {
  static bool holds(const auto& a, const auto& b) { return value_less(b, a) || values_equal(a, b); }
};

template <typename A, typename B>
std::size_t first_difference(const A& left, const B& right) {
  if constexpr (Range<A> && Range<B>) {
    std::size_t index = 0;
    auto a = std::ranges::begin(left);
    auto b = std::ranges::begin(right);
    for (; a != std::ranges::end(left) && b != std::ranges::end(right); ++a, ++b, ++index) {
      if (!values_equal(*a, *b)) break;
    }
    return index;
  } else {
    return 0;
  }
}

/// The work of CHECK_EQ and its siblings. Returns whether the relation holds.
template <typename Relation, typename A, typename B>
bool check_relation(const A& left, const B& right, const char* left_text, const char* sign, const char* right_text,
                    const char* file, int line) {
  Runner::instance().count_check();
  if (Relation::holds(left, right)) return true;
  const std::size_t first = first_difference(left, right);
  std::ostringstream out;
  out << left_text << ' ' << sign << ' ' << right_text << "\n    left:  ";
  show_value(out, left, first);
  out << "\n    right: ";
  show_value(out, right, first);
  if constexpr (Range<A> && Range<B>) out << "\n    first difference at [" << first << ']';
  Runner::instance().fail(file, line, out.str());
  return false;
}

/// The work of CHECK. Returns the condition.
inline bool check_condition(bool condition, const char* text, const char* file, int line,
                            std::string_view message = {}) {
  Runner::instance().count_check();
  if (condition) return true;
  std::string what(text);
  if (!message.empty()) what.append("\n    ").append(message);
  Runner::instance().fail(file, line, what);
  return false;
}

/// The work of REQUIRE: leaves the test when `holds` is false.
inline void require(bool holds) {
  if (!holds) Runner::instance().leave_failed();
}

/// The work of SKIP.
[[noreturn]] inline void skip(std::string_view reason) { Runner::instance().leave_skipped(reason); }

}  // namespace conveyor::testkit
