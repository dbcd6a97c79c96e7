// The rare ways in which a dab meets the canvas: locked alpha, colorize, posterize and pigment mixing.
#pragma once

#include <cstdint>

#include "dab.h"

namespace spiral {

// Blends one row; `planes` point at the row's first pixel of red, green, blue and alpha.
void blend_rare_row(const std::uint16_t* mask, int count, const Dab& dab, float normal, const std::uint16_t rgb[3],
                    std::uint16_t* const planes[4]);

}  // namespace spiral
