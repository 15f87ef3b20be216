// Evaluates an object's fields, for a component, an instance or an attempt: parameters,
// expressions, lists, secrets.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "definition/parameters.h"
#include "definition/resolved.h"
#include "expr/scope.h"

namespace penstock {

/// What is known of one running object beyond its definition. The engine implements it over an
/// instance or attempt. The references it returns stay valid during one evaluation.
class RuntimeScope {
 public:
  virtual ~RuntimeScope() = default;

  /// The component it was made from.
  virtual std::string_view ComponentId() const = 0;
  /// Its own id: "@Backup_2014-05-01T00:00:00"; a component's own id.
  virtual std::string Id() const = 0;
  /// A runtime field with its '@' ("@scheduledStartTime", "@status"; also "errorMessage" and other
  /// runtime fields without
  /// '@'): times as Instant, references as Reference. nullopt: it has no value (yet).
  virtual std::optional<expr::Value> RuntimeField(std::string_view name) const = 0;
  /// The running object that this one's reference field `field` means when it names component
  /// `component_id`, or nullptr when there is none (configuration objects; components).
  virtual const RuntimeScope* Target(std::string_view field,
                                     std::string_view component_id) const = 0;
  /// Actions and preconditions: the object that refers to this one, #{node}; else nullptr.
  virtual const RuntimeScope* Node() const = 0;
};

/// A component as it stands in the definition: no runtime fields, references point at components.
class ComponentScope : public RuntimeScope {
 public:
  explicit ComponentScope(std::string id) : id_(std::move(id)) {}
  std::string_view ComponentId() const override { return id_; }
  std::string Id() const override { return id_; }
  std::optional<expr::Value> RuntimeField(std::string_view) const override { return std::nullopt; }
  const RuntimeScope* Target(std::string_view, std::string_view) const override { return nullptr; }
  const RuntimeScope* Node() const override { return nullptr; }

 private:
  std::string id_;
};

/// What becomes of a field that needs a runtime field without a value.
enum class Missing {
  kKeepText,  // creation of an instance: the text stays and is evaluated at hand-out
  kEmpty,     // hand-out, display: an empty string
};

struct EvaluateOptions {
  Missing missing = Missing::kEmpty;
  /// For what is stored or shown: a field computed from a secret stays as its unevaluated text, a
  /// secret literal becomes kSecretMask; hand-out evaluates afresh from the definition.
  bool keep_secret_text = false;
};

struct EvaluatedField {
  std::string key;
  std::string
      value;  // text, or the id of the object referred to (an instance's where there is one)
  bool is_ref = false;
  bool secret = false;    // show and log as kSecretMask (definition/secret.h)
  bool evaluated = true;  // false: the text was kept (options)
  bool operator==(const EvaluatedField&) const = default;
};

/// All fields of `object`, own before inherited, `type` included, `parent` not; lists spread into
/// repeated keys; a field that is only an optional parameter without value is left out. Reference
/// slots are not evaluated but mapped through Target(). The error names field, place and reason: it
/// belongs into @error or errorMessage.
Result<std::vector<EvaluatedField>> EvaluateFields(const ResolvedDefinition& definition,
                                                   const Parameters& parameters,
                                                   const RuntimeScope& object,
                                                   const EvaluateOptions& options = {});

/// One field of `object`: empty if it is absent or dropped.
Result<std::vector<EvaluatedField>> EvaluateField(const ResolvedDefinition& definition,
                                                  const Parameters& parameters,
                                                  const RuntimeScope& object, std::string_view key,
                                                  const EvaluateOptions& options = {});

/// Finds fields whose evaluation is bound to end in a failure: a wrong argument, a division by
/// zero. For checks before anything runs. Not thread-safe; borrows what it is given.
class FaultFinder {
 public:
  /// `parameters_final`: a parameter without a value will not get one any more.
  FaultFinder(const ResolvedDefinition& definition, const Parameters& parameters,
              bool parameters_final);

  /// nullopt if the field evaluates, if that depends on what only a run knows or on parameter
  /// values that may still come, or if so much was evaluated already that the search is given up
  /// (definitions can be made to cost much). Unknown names and fields that need themselves are not
  /// looked for. `field` belongs to `object`.
  std::optional<expr::Failure> Find(const ResolvedObject& object, const ResolvedField& field);

 private:
  const ResolvedDefinition& definition_;
  const Parameters& parameters_;
  const bool parameters_final_;
  size_t cost_ = 0;
};

struct EvaluatedText {
  std::string text;
  bool secret = false;
  bool operator==(const EvaluatedText&) const = default;
};

/// Any text in the scope of `object` (EvaluateExpression); a list is joined by ", ".
Result<EvaluatedText> EvaluateText(const ResolvedDefinition& definition,
                                   const Parameters& parameters, const RuntimeScope& object,
                                   std::string_view text);

}  // namespace penstock
