// What an expression computes with. Value types; every value knows whether something secret went
// into it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "time/instant.h"

namespace penstock::expr {

/// An object that a reference field points at: a component's id in a definition, an instance's id
/// in a run.
struct Reference {
  std::string id;
  bool operator==(const Reference&) const = default;
};

struct Value;
using List = std::vector<Value>;

struct Value {
  std::variant<std::string, int64_t, double, Instant, Reference, List> data;
  // Computed from a secret: must not be shown or stored in clear.
  bool secret = false;
  // Of a number that was read, not computed: "0.250" comes out as it went in.
  std::string spelling;

  Value() = default;
  Value(std::string text, bool is_secret = false) : data(std::move(text)), secret(is_secret) {}
  Value(std::string_view text, bool is_secret = false)
      : data(std::string(text)), secret(is_secret) {}
  Value(const char* text) : data(std::string(text)) {}
  Value(int64_t number) : data(number) {}
  Value(int number) : data(static_cast<int64_t>(number)) {}
  Value(double number) : data(number) {}
  Value(Instant instant) : data(instant) {}
  Value(Reference reference) : data(std::move(reference)) {}
  Value(List list) : data(std::move(list)) {}

  const List* AsList() const { return std::get_if<List>(&data); }
  const Reference* AsReference() const { return std::get_if<Reference>(&data); }
  bool operator==(const Value&) const = default;
};

/// Whether it or anything in it is secret.
bool IsSecret(const Value& value);

/// "a string", "an integer", "a double", "a DateTime", "a reference", "a list".
std::string_view KindName(const Value& value);

/// The value inside text: DateTime as 2011-05-24T17:10:00, doubles as Java prints them, a reference
/// as its id, a list as its elements joined by ", ".
std::string ToText(const Value& value);

/// Java's Double.toString: 4.0, 0.5, 1.0E10, 1.0E-5, NaN, Infinity.
std::string JavaDoubleText(double number);

}  // namespace penstock::expr
