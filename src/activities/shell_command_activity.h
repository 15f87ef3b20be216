// ShellCommandActivity and ShellCommandPrecondition: a command or script of the user's; success is
// exit status 0. Developer Guide, "ShellCommandActivity", "Staging Data and Tables with Pipeline
// Activities".
#pragma once

#include "activities/activity.h"

namespace penstock {

/// `command` or `scriptUri` (an S3 object) runs under bash with `scriptArgument` as $1…; with
/// `stage` true, S3 inputs are copied to INPUT<n>_STAGING_DIR before and OUTPUT<n>_STAGING_DIR is
/// uploaded after a success (n counts references from 1). `stdout` and `stderr` name S3 objects for
/// the captured output.
class ShellCommandActivity : public Activity {
 public:
  ActivityResult Run(const PolledTask& task, const ActivityContext& context,
                     std::stop_token stop) override;
};

}  // namespace penstock
