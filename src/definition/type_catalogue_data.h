// The generated table behind type_catalogue.h. Internal to definition/.
#pragma once

#include "definition/type_catalogue.h"

namespace penstock {

std::span<const TypeInfo> TypeCatalogueData();

}  // namespace penstock
