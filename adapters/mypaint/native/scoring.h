// Sums that decide what a stroke is worth and what colour it should have.
#pragma once

#include "coverage.h"

namespace spiral {

// Over the pixels of a candidate with effective alpha g = T A, weight w, under u and residual r:
struct ScoreSums {
    double weight2 = 0;           // sum w g^2
    double pull[3] = {0, 0, 0};   // sum w g (r + g u), per channel
    double bare = 0;              // sum over channels of w g u (2 r + g u)
};
// The colour c that fits best is pull / weight2, and a colour c brings the gain 2 c.pull - c^2 weight2 - bare.

struct ScorePlanes {
    const float* under[3];
    const float* residual[3];
    const float* through;  // may be null
    const float* weight;   // may be null
};

// Adds one row: `alpha` and all planes point at its first pixel and may be read kLanes past the last.
void score_row(const float* alpha, const ScorePlanes& planes, int count, ScoreSums& sums);

}  // namespace spiral
