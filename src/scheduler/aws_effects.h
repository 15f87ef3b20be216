// The effects of decisions, carried out with AWS's services and this host's workers: what the
// engine asks for, in the terms of activities/.
#pragma once

#include "activities/resource.h"
#include "scheduler/effect_handler.h"

namespace penstock {

class AwsEffects : public EffectHandler {
 public:
  /// Gives the directory of services for one account's pipelines. The result outlives the handler.
  using DirectoryOf = std::function<ServiceDirectory&(const std::string& account)>;

  /// `workers` may be null. `default_region` stands for the one word that shared regions are kept
  /// under.
  AwsEffects(ClientContext clients, DirectoryOf directory_of, WorkerHost* workers,
             std::string endpoint_url, std::string default_region);

  EffectResult Execute(const EffectJob& job, std::stop_token stop) override;
  Result<ResourceHealth> CheckResource(const EffectJob& job, std::stop_token stop) override;

 private:
  ResourceRequest RequestOf(const EffectJob& job) const;
  ResourceContext ContextOf(const EffectJob& job) const;
  std::string RegionOf(const EffectJob& job) const;
  EffectResult Launch(const EffectJob& job, std::stop_token stop);
  EffectResult Terminate(const EffectJob& job, std::stop_token stop);
  EffectResult Check(const EffectJob& job, std::stop_token stop);
  EffectResult Publish(const EffectJob& job, std::stop_token stop);

  const ClientContext clients_;
  const DirectoryOf directory_of_;
  WorkerHost* const workers_;
  const std::string endpoint_url_;
  const std::string default_region_;
};

}  // namespace penstock
