#include "activities/resource.h"

#include "activities/ec2_resource.h"
#include "activities/emr_cluster.h"

namespace penstock {

Resource* FindResource(std::string_view type) {
  static EmrCluster emr_cluster;
  static Ec2Resource ec2_resource;
  if (type == "EmrCluster") return &emr_cluster;
  if (type == "Ec2Resource") return &ec2_resource;
  return nullptr;
}

}  // namespace penstock
