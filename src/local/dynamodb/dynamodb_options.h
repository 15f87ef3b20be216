// How local DynamoDB is set up.
#pragma once

#include <chrono>

#include "ports/key_value.h"
#include "time/instant.h"

namespace penstock {

struct DynamoDbOptions {
  /// All regions are one name space; ARNs still show the caller's.
  bool shared_regions = true;
  /// Whether requests beyond a table's capacity are throttled.
  bool enforce_capacity = true;
  Durability durability = Durability::kProcess;
  /// How long a table stays CREATING, UPDATING, DELETING. At 0 the answer still says so and the
  /// next look finds it done. (Clients' waiters look again only after 20 s, so a short wait would
  /// cost them a long one.)
  Duration create_delay{0};
  Duration update_delay{0};
  Duration delete_delay{0};
  /// Unused capacity that a new provisioned table starts with, in seconds of its rate. AWS keeps up
  /// to 300 s of what was not used; a new table there has saved none, but is not empty either.
  std::chrono::seconds initial_burst{60};
};

}  // namespace penstock
