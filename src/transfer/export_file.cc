#include "transfer/export_file.h"

namespace penstock {

FileShape ShapeOf(FileFormat format, Leniency leniency) {
  switch (format) {
    case FileFormat::kDataPipeline:
    case FileFormat::kJsonLines:
      return {.lines = LineShape::kBare, .leniency = leniency};
    case FileFormat::kDynamoDbJson:
      return {.lines = LineShape::kWrapped, .leniency = leniency};
    case FileFormat::kCsv:
      return {.separator = ',', .leniency = leniency};
    case FileFormat::kTsv:
      return {.separator = '\t', .leniency = leniency};
  }
  return {};
}

}  // namespace penstock
