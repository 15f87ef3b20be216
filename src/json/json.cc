#include "json/json.h"

#include <fmt/core.h>

#include <charconv>
#include <cmath>
#include <utility>

namespace penstock::json {
namespace {

std::string_view KindName(const Value& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return "null";
    case boost::json::kind::bool_:
      return "a boolean";
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
    case boost::json::kind::double_:
      return "a number";
    case boost::json::kind::string:
      return "a string";
    case boost::json::kind::array:
      return "an array";
    case boost::json::kind::object:
      return "an object";
  }
  return "unknown";
}

Error WrongKind(std::string_view key, std::string_view wanted, const Value& value) {
  return InvalidArgument(
      fmt::format("member \"{}\" must be {}, not {}", key, wanted, KindName(value)));
}

Error Missing(std::string_view key, std::string_view wanted) {
  return InvalidArgument(fmt::format("member \"{}\" is missing; it must be {}", key, wanted));
}

template <class T>
Result<T> Require(Result<std::optional<T>> found, std::string_view key, std::string_view wanted) {
  if (!found) return std::move(found).error();
  if (!*found) return Missing(key, wanted);
  return std::move(**found);
}

void AppendQuoted(std::string& out, std::string_view text) {
  out += '"';
  size_t plain = 0;  // start of the run not yet copied
  for (size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    switch (byte) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += fmt::format("\\u{:04x}", byte);
    }
  }
  out.append(text, plain);
  out += '"';
}

// Boost.JSON would write 1.5 as 1.5E0; the shortest decimal form is what AWS and people write.
void AppendDouble(std::string& out, double value) {
  char buffer[32];
  // Shortest digits; without an exponent while that stays readable.
  double size = std::abs(value);
  bool plain = value == 0 || (size >= 1e-5 && size < 1e15);
  auto [end, error] =
      plain ? std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed)
            : std::to_chars(buffer, buffer + sizeof buffer, value);
  std::string_view text(buffer, static_cast<size_t>(end - buffer));
  out += text;
  if (text.find_first_of(".en") == std::string_view::npos) out += ".0";
}

void Append(std::string& out, const Value& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      out += "null";
      return;
    case boost::json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      return;
    case boost::json::kind::int64:
      out += std::to_string(value.get_int64());
      return;
    case boost::json::kind::uint64:
      out += std::to_string(value.get_uint64());
      return;
    case boost::json::kind::double_:
      AppendDouble(out, value.get_double());
      return;
    case boost::json::kind::string:
      AppendQuoted(out, value.get_string());
      return;
    case boost::json::kind::array: {
      char separator = '[';
      for (const Value& element : value.get_array()) {
        out += std::exchange(separator, ',');
        Append(out, element);
      }
      out += separator == '[' ? "[]" : "]";
      return;
    }
    case boost::json::kind::object: {
      char separator = '{';
      for (const auto& member : value.get_object()) {
        out += std::exchange(separator, ',');
        AppendQuoted(out, member.key());
        out += ':';
        Append(out, member.value());
      }
      out += separator == '{' ? "{}" : "}";
      return;
    }
  }
}

void AppendPretty(std::string& out, const Value& value, size_t indent) {
  auto line = [&](size_t depth) { out += '\n', out.append(depth * 2, ' '); };
  if (const Object* object = value.if_object(); object != nullptr && !object->empty()) {
    out += '{';
    bool first = true;
    for (const auto& member : *object) {
      if (!std::exchange(first, false)) out += ',';
      line(indent + 1);
      out += Quote(member.key()) + ": ";
      AppendPretty(out, member.value(), indent + 1);
    }
    line(indent);
    out += '}';
  } else if (const Array* array = value.if_array(); array != nullptr && !array->empty()) {
    out += '[';
    bool first = true;
    for (const Value& element : *array) {
      if (!std::exchange(first, false)) out += ',';
      line(indent + 1);
      AppendPretty(out, element, indent + 1);
    }
    line(indent);
    out += ']';
  } else {
    out += Write(value);
  }
}

}  // namespace

Result<Value> Parse(std::string_view text, size_t depth_max) {
  boost::json::parse_options options;
  options.max_depth = depth_max;
  boost::json::parser parser({}, options);
  boost::json::error_code error;
  size_t used = parser.write_some(text.data(), text.size(), error);
  if (!error && text.find_first_not_of(" \t\r\n", used) != std::string_view::npos) {
    error = boost::json::error::extra_data;
  }
  if (error)
    return InvalidArgument(fmt::format("not valid JSON at byte {}: {}", used, error.message()));
  return parser.release();
}

Result<Object> ParseObject(std::string_view text, size_t depth_max) {
  ASSIGN_OR_RETURN(Value value, Parse(text, depth_max));
  if (!value.is_object())
    return InvalidArgument(fmt::format("expected a JSON object, not {}", KindName(value)));
  return std::move(value.as_object());
}

std::string Write(const Value& value) {
  std::string out;
  Append(out, value);
  return out;
}

std::string WritePretty(const Value& value) {
  std::string out;
  AppendPretty(out, value, 0);
  out += '\n';
  return out;
}

std::string Quote(std::string_view text) {
  std::string out;
  AppendQuoted(out, text);
  return out;
}

const Value* Find(const Object& object, std::string_view key) {
  const Value* value = object.if_contains(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

Result<std::optional<std::string>> OptionalString(const Object& object, std::string_view key) {
  const Value* value = Find(object, key);
  if (value == nullptr) return std::optional<std::string>();
  if (!value->is_string()) return WrongKind(key, "a string", *value);
  return std::optional<std::string>(std::string(value->get_string()));
}

Result<std::optional<int64_t>> OptionalInt(const Object& object, std::string_view key) {
  const Value* value = Find(object, key);
  if (value == nullptr) return std::optional<int64_t>();
  boost::json::error_code error;
  int64_t number = value->to_number<int64_t>(error);
  if (error) return WrongKind(key, "a whole number", *value);
  return std::optional<int64_t>(number);
}

Result<std::optional<bool>> OptionalBool(const Object& object, std::string_view key) {
  const Value* value = Find(object, key);
  if (value == nullptr) return std::optional<bool>();
  if (!value->is_bool()) return WrongKind(key, "a boolean", *value);
  return std::optional<bool>(value->get_bool());
}

Result<std::optional<double>> OptionalDouble(const Object& object, std::string_view key) {
  const Value* value = Find(object, key);
  if (value == nullptr) return std::optional<double>();
  if (!value->is_number()) return WrongKind(key, "a number", *value);
  return std::optional<double>(value->to_number<double>());
}

Result<std::string> GetString(const Object& object, std::string_view key) {
  return Require(OptionalString(object, key), key, "a string");
}
Result<int64_t> GetInt(const Object& object, std::string_view key) {
  return Require(OptionalInt(object, key), key, "a whole number");
}
Result<uint64_t> GetCount(const Object& object, std::string_view key) {
  ASSIGN_OR_RETURN(int64_t value, GetInt(object, key));
  if (value < 0) return InvalidArgument(fmt::format("{} must not be negative", key));
  return static_cast<uint64_t>(value);
}

Result<bool> GetBool(const Object& object, std::string_view key) {
  return Require(OptionalBool(object, key), key, "a boolean");
}

Result<const Object*> GetObject(const Object& object, std::string_view key) {
  const Value* value = Find(object, key);
  if (value == nullptr) return Missing(key, "an object");
  if (!value->is_object()) return WrongKind(key, "an object", *value);
  return &value->get_object();
}

Result<const Array*> GetArray(const Object& object, std::string_view key) {
  const Value* value = Find(object, key);
  if (value == nullptr) return Missing(key, "an array");
  if (!value->is_array()) return WrongKind(key, "an array", *value);
  return &value->get_array();
}

}  // namespace penstock::json
