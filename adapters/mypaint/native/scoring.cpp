#include "scoring.h"

#include <algorithm>

namespace spiral {

namespace {

// Sums are kept in lanes, added up at the end of a row: the same order, so the same result, on every machine.
// Loops over lanes have a fixed length, which compilers turn into vector code.
struct LaneSums {
    float weight2[kLanes] = {}, bare[kLanes] = {}, pull0[kLanes] = {}, pull1[kLanes] = {}, pull2[kLanes] = {};

    void add_to(ScoreSums& sums) const {
        for (int i = 0; i < kLanes; ++i) {
            sums.weight2 += static_cast<double>(weight2[i]);
            sums.pull[0] += static_cast<double>(pull0[i]);
            sums.pull[1] += static_cast<double>(pull1[i]);
            sums.pull[2] += static_cast<double>(pull2[i]);
            sums.bare += static_cast<double>(bare[i]);
        }
    }
};

}  // namespace

SPIRAL_SIMD void score_row(const float* alpha, const ScorePlanes& p, int count, ScoreSums& sums) {
    LaneSums s;
    for (int x = 0; x < count; x += kLanes) {
        float g[kLanes], wg[kLanes];
        const float* a = alpha + x;
        const int valid = count - x;
        for (int i = 0; i < kLanes; ++i) g[i] = i < valid ? a[i] : 0.0f;
        if (p.through != nullptr) {
            const float* t = p.through + x;
            for (int i = 0; i < kLanes; ++i) g[i] *= t[i];
        }
        if (p.weight != nullptr) {
            const float* w = p.weight + x;
            for (int i = 0; i < kLanes; ++i) wg[i] = g[i] * w[i];
        } else {
            for (int i = 0; i < kLanes; ++i) wg[i] = g[i];
        }
        const float *u0 = p.under[0] + x, *u1 = p.under[1] + x, *u2 = p.under[2] + x;
        const float *r0 = p.residual[0] + x, *r1 = p.residual[1] + x, *r2 = p.residual[2] + x;
        for (int i = 0; i < kLanes; ++i) {
            const float e0 = r0[i] + g[i] * u0[i], e1 = r1[i] + g[i] * u1[i], e2 = r2[i] + g[i] * u2[i];
            s.weight2[i] += wg[i] * g[i];
            s.pull0[i] += wg[i] * e0;
            s.pull1[i] += wg[i] * e1;
            s.pull2[i] += wg[i] * e2;
            s.bare[i] += wg[i] * (u0[i] * (r0[i] + e0) + u1[i] * (r1[i] + e1) + u2[i] * (r2[i] + e2));
        }
    }
    s.add_to(sums);
}

SPIRAL_SIMD void score_mixed_row(const float* alpha, const float* const hidden[3], const float* const residual[3],
                                 const float* weight, int count, ScoreSums& sums) {
    LaneSums s;
    for (int x = 0; x < count; x += kLanes) {
        float g[kLanes], w[kLanes];
        const float* a = alpha + x;
        const int valid = count - x;
        for (int i = 0; i < kLanes; ++i) {
            g[i] = i < valid ? a[i] : 0.0f;
            w[i] = i < valid ? 1.0f : 0.0f;
        }
        if (weight != nullptr) {
            for (int i = 0; i < kLanes; ++i) w[i] *= weight[x + i];
        }
        const float *h0 = hidden[0] + x, *h1 = hidden[1] + x, *h2 = hidden[2] + x;
        const float *r0 = residual[0] + x, *r1 = residual[1] + x, *r2 = residual[2] + x;
        for (int i = 0; i < kLanes; ++i) {
            const float wg = w[i] * g[i];
            const float e0 = r0[i] + h0[i], e1 = r1[i] + h1[i], e2 = r2[i] + h2[i];
            s.weight2[i] += wg * g[i];
            s.pull0[i] += wg * e0;
            s.pull1[i] += wg * e1;
            s.pull2[i] += wg * e2;
            s.bare[i] += w[i] * (h0[i] * (r0[i] + e0) + h1[i] * (r1[i] + e1) + h2[i] * (r2[i] + e2));
        }
    }
    s.add_to(sums);
}

namespace {

SPIRAL_SIMD void mix_pairs(const FineRows& f, int count, float* __restrict g, float* const hidden[3]) {
    float* __restrict h0 = hidden[0];
    float* __restrict h1 = hidden[1];
    float* __restrict h2 = hidden[2];
    const float *u0 = f.under[0], *u1 = f.under[1], *u2 = f.under[2], *t = f.through;
    const float *v0 = u0 + f.stride, *v1 = u1 + f.stride, *v2 = u2 + f.stride, *q = t == nullptr ? t : t + f.stride;
    const float *a0 = f.alpha, *a1 = f.alpha + f.alpha_stride;
    if (t == nullptr) {
        for (int x = 0; x < count; ++x) {
            const float k0 = 0.25f * a0[2 * x], k1 = 0.25f * a0[2 * x + 1];
            const float k2 = 0.25f * a1[2 * x], k3 = 0.25f * a1[2 * x + 1];
            g[x] = k0 + k1 + k2 + k3;
            h0[x] = k0 * u0[2 * x] + k1 * u0[2 * x + 1] + k2 * v0[2 * x] + k3 * v0[2 * x + 1];
            h1[x] = k0 * u1[2 * x] + k1 * u1[2 * x + 1] + k2 * v1[2 * x] + k3 * v1[2 * x + 1];
            h2[x] = k0 * u2[2 * x] + k1 * u2[2 * x + 1] + k2 * v2[2 * x] + k3 * v2[2 * x + 1];
        }
    } else {
        for (int x = 0; x < count; ++x) {
            const float k0 = 0.25f * a0[2 * x] * t[2 * x], k1 = 0.25f * a0[2 * x + 1] * t[2 * x + 1];
            const float k2 = 0.25f * a1[2 * x] * q[2 * x], k3 = 0.25f * a1[2 * x + 1] * q[2 * x + 1];
            g[x] = k0 + k1 + k2 + k3;
            h0[x] = k0 * u0[2 * x] + k1 * u0[2 * x + 1] + k2 * v0[2 * x] + k3 * v0[2 * x + 1];
            h1[x] = k0 * u1[2 * x] + k1 * u1[2 * x + 1] + k2 * v1[2 * x] + k3 * v1[2 * x + 1];
            h2[x] = k0 * u2[2 * x] + k1 * u2[2 * x + 1] + k2 * v2[2 * x] + k3 * v2[2 * x + 1];
        }
    }
}

}  // namespace

void mix_rows(const FineRows& f, int count, float* g, float* const hidden[3]) {
    if (f.factor == 2) {
        mix_pairs(f, count, g, hidden);
        return;
    }
    const float part = 1.0f / static_cast<float>(f.factor * f.factor);
    for (float* row : {g, hidden[0], hidden[1], hidden[2]}) std::fill_n(row, count, 0.0f);
    for (int k = 0; k < f.factor; ++k) {
        const float* a = f.alpha + k * f.alpha_stride;
        const std::size_t skip = k * f.stride;
        for (int x = 0; x < count * f.factor; ++x) {
            const float seen = part * a[x] * (f.through == nullptr ? 1.0f : f.through[skip + x]);
            g[x / f.factor] += seen;
            for (int c = 0; c < 3; ++c) hidden[c][x / f.factor] += seen * f.under[c][skip + x];
        }
    }
}

}  // namespace spiral
