#include "cli/convert_command.h"

namespace penstock {

int RunConvertCommand(const TransferWorld& world, const ConvertCommand& command) {
  bool needs_s3 = IsInS3(command.options.source) || IsInS3(command.options.destination);
  return RunTransfer(
      world, command.endpoints, command.display, /*needs_table=*/false, needs_s3, "converted",
      fmt::format("conversion of {} to {}", command.options.source, command.options.destination),
      [&](const TransferContext& context, const ProgressCallback& progress) {
        return RunConvert(context, command.options, progress, world.stop);
      });
}

}  // namespace penstock
