// SnsAlarm: one message to an SNS topic (API 2010-03-31, query protocol).
#pragma once

#include <stop_token>
#include <string>

#include "activities/activity.h"

namespace penstock {

struct SnsMessage {
  std::string topic_arn;
  std::string subject;  // cut to SNS's 100 printable ASCII characters
  std::string text;
  std::string key;  // stable across repeats of one alarm: sent as message attribute `penstock-key`
};

/// Publishes it. kUnavailable: try again; another error will not go away.
Status PublishAlarm(const SnsMessage& message, const ClientContext& clients,
                    ServiceDirectory& services, std::stop_token stop);

}  // namespace penstock
