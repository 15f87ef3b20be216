// Ec2Resource as a worker process on the server's own host. (EC2 itself is not called:
// docs/compatibility.md.)
#pragma once

#include "activities/resource.h"

namespace penstock {

class Ec2Resource : public Resource {
 public:
  Result<ResourceReport> Launch(const ResourceRequest& request, const ResourceContext& context,
                                std::stop_token stop) override;
  Result<ResourceReport> Look(const ResourceRequest& request, const ResourceContext& context,
                              std::stop_token stop) override;
  Result<ResourceReport> Terminate(const ResourceRequest& request, const ResourceContext& context,
                                   std::stop_token stop) override;
};

}  // namespace penstock
