// EmrActivity: the steps of the DynamoDB export and import tools, run natively. A step is known by
// its class, whatever the jar's address; any other step fails, saying so. Developer Guide,
// "EmrActivity", "Export and Import DynamoDB Data".
#pragma once

#include "activities/activity.h"

namespace penstock {

/// Steps run in order; the first that fails fails the attempt. All attempts of one instance share
/// one export run, so that a retry takes over what an earlier attempt left. A folder without
/// manifest is imported only if the input node says `myImportWithoutManifest` = true.
class EmrActivity : public Activity {
 public:
  ActivityResult Run(const PolledTask& task, const ActivityContext& context,
                     std::stop_token stop) override;
};

}  // namespace penstock
