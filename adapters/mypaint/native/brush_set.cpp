#include "brush_set.h"

namespace spiral {

Brush& BrushSet::engine(const std::vector<BrushSpec>& specs, int index) {
    if (engines_.size() < specs.size()) engines_.resize(specs.size());
    auto& brush = engines_[static_cast<std::size_t>(index)];
    if (!brush) brush = std::make_unique<Brush>(specs[static_cast<std::size_t>(index)]);
    return *brush;
}

PlainBrush* BrushSet::plain(const std::vector<BrushSpec>& specs, int index) {
    while (plain_.size() < specs.size()) plain_.push_back(PlainBrush::from(specs[plain_.size()]));
    auto& brush = plain_[static_cast<std::size_t>(index)];
    return brush ? &*brush : nullptr;
}

}  // namespace spiral
