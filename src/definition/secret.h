// Secrets in definitions: fields and parameters whose name starts with '*'.
#pragma once

#include <string_view>

#include "definition/definition.h"

namespace penstock {

/// What is shown for every secret value.
inline constexpr std::string_view kSecretMask = "********";

/// "*password", "*myRDSPassword".
inline bool IsSecretName(std::string_view name) { return name.starts_with('*'); }

/// Whether `value` of the field or parameter `name` is to be masked: not if it is empty or only
/// names another field or parameter ("#{*myRDSPassword}").
bool HoldsSecret(std::string_view name, std::string_view value);

/// A copy to show: secret field values, secret parameters' values and defaults become kSecretMask.
/// What holds no secret stays, so that what was put comes back.
Definition MaskSecrets(Definition definition);

/// Where `incoming` has kSecretMask in a secret place, puts back the value that `stored` has there
/// (the n-th value of the same key of the same object or parameter). Other masks stay as they are.
Definition RestoreSecrets(Definition incoming, const Definition& stored);

}  // namespace penstock
