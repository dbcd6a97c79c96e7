// Sums that decide what a stroke is worth and what colour it should have.
#pragma once

#include "coverage.h"

namespace spiral {

// Over the pixels of a candidate: g its effective alpha (of what it covers, how much is seen), h what it hides of
// the picture under it (g times what lies there), r the residual without it, w the weight.
struct ScoreSums {
    double weight2 = 0;          // sum w g^2
    double pull[3] = {0, 0, 0};  // sum w g (r + h), per channel
    double bare = 0;             // sum over channels of w h (2 r + h)
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

// The same where g and h are given; `hidden` are three rows.
void score_mixed_row(const float* g, const float* const hidden[3], const float* const residual[3],
                     const float* weight, int count, ScoreSums& sums);

// Means over factor x factor pixels of the fine picture: g of alpha (times through), h of that times under.
// All point at the first pixel of the first of `factor` rows, `stride` apart in the planes of the picture.
struct FineRows {
    int factor;
    const float* alpha;
    std::size_t alpha_stride;
    const float* under[3];
    const float* through;  // may be null
    std::size_t stride;
};
void mix_rows(const FineRows& fine, int count, float* g, float* const hidden[3]);

}  // namespace spiral
