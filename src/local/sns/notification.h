// What an endpoint receives: SNS's JSON document in a POST, or a mail. Developer Guide, "Parsing
// message formats". Messages are not signed: a signature that SNS's clients accept can come from
// Amazon's certificate only. Pure.
#pragma once

#include <string>

#include "json/json.h"
#include "local/sns/delivery_queue.h"
#include "local/sns/topic.h"
#include "time/instant.h"

namespace penstock::sns {

struct Message {
  std::string id;
  std::string topic_arn;
  std::string subject;  // empty: none
  std::string text;
  json::Object attributes;  // as in the document: {"name": {"Type": …, "Value": …}}
  Instant at{};
};

/// `text` for this endpoint. `base_url` is where its link to unsubscribe leads.
Delivery NotificationOf(const Subscription& subscription, const Message& message,
                        const std::string& base_url, std::string delivery_id);

/// Asks the endpoint to confirm; `message.text` is ignored.
Delivery ConfirmationOf(const Subscription& subscription, const Message& message,
                        const std::string& base_url, std::string delivery_id);

}  // namespace penstock::sns
