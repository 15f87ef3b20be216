// Text forms of bytes: hex, base64, percent encoding; byte forms of numbers. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// Lower-case hex, two digits a byte.
std::string HexEncode(std::string_view bytes);
/// Upper- or lower-case; nullopt for an odd length or another character.
std::optional<std::string> HexDecode(std::string_view text);

/// Standard alphabet, padded, unbroken (RFC 4648 section 4).
std::string Base64Encode(std::string_view bytes);
/// The size that Base64Decode would give, without decoding; nullopt exactly when Base64Decode would
/// fail.
std::optional<size_t> Base64DecodedSize(std::string_view text);
/// Strict: standard alphabet, padded, no white space, no stray bits in the last character; else
/// nullopt.
std::optional<std::string> Base64Decode(std::string_view text);

/// What Base64Decode gives, written to `out`; the end of it. REQUIRES: Base64DecodedSize(text).
char* DecodeBase64(std::string_view text, char* out);

/// Percent-encodes all but A-Z a-z 0-9 - . _ ~ (RFC 3986), as SigV4 wants it; `keep_slash` leaves
/// '/' alone.
std::string PercentEncode(std::string_view text, bool keep_slash = false);
/// Decodes %XX; a '%' not followed by two hex digits stays as it is. `plus_is_space` for form
/// bodies.
std::string PercentDecode(std::string_view text, bool plus_is_space = false);

/// The low `size` bytes of a number, the highest of them first. REQUIRES: size <= 8.
std::string BigEndian(uint64_t value, size_t size);
/// The number that these bytes are, the highest of them first. REQUIRES: at most 8.
uint64_t FromBigEndian(std::string_view bytes);

/// Whether the bytes are well-formed UTF-8 (no overlong forms, no surrogates, at most U+10FFFF).
/// Reads many gigabytes a second.
bool IsValidUtf8(std::string_view bytes);
/// For messages about bytes that are no UTF-8: those that are not ASCII as \xhh.
std::string ShowBytes(std::string_view bytes);

}  // namespace penstock
