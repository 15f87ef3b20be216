// Definition files on any bytes: read, write, read again; resolve, validate, evaluate.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "definition/definition_file.h"
#include "definition/evaluate.h"
#include "definition/secret.h"
#include "definition/validate.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock;
  auto file = ParseDefinitionFile({reinterpret_cast<const char*>(data), size});
  if (!file) return 0;
  const Definition& definition = file->definition;
  auto again = ParseDefinitionFile(WriteDefinitionFile(definition));
  CHECK(again.has_value());
  CHECK(again->definition.objects == definition.objects);

  ResolvedDefinition resolved = Resolve(definition);
  for (Moment moment : {Moment::kPut, Moment::kActivate}) {
    ValidateOptions options;
    options.moment = moment;
    if (moment == Moment::kActivate) options.limits = AwsLimits();
    for (const Problem& problem : Validate(resolved, options)) (void)file->PositionOf(problem);
  }
  CHECK(RestoreSecrets(MaskSecrets(definition), definition) == definition);
  Parameters parameters = Parameters::Of(definition);
  size_t left = 20;
  for (const ResolvedObject& object : resolved.objects()) {
    if (left-- == 0) break;
    (void)EvaluateFields(resolved, parameters, ComponentScope(std::string(object.id())));
  }
  (void)CheckEdit(resolved, resolved);
  return 0;
}
