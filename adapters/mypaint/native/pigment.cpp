// Blend modes that few brushes use; pixel by pixel, after the definitions in libmypaint (ISC licence,
// (C) Martin Renold et al., pigment mixing by Brien Dieterle after Scott Allen Burns).
#include "pigment.h"

#include <algorithm>
#include <cmath>

extern "C" {
#include <fastapprox/fastpow.h>
// Exported by libmypaint 1.5 and 1.6 but in no installed header.
void rgb_to_spectral(float r, float g, float b, float* spectral);
void spectral_to_rgb(float* spectral, float* rgb);
}

namespace spiral {

namespace {

constexpr int kBands = 10;
constexpr std::uint16_t kLeastPigment = 150;  // pigment mixing misbehaves at lower opacity

struct Pixel {
    std::uint32_t c[3];
    std::uint32_t a;
};

std::uint16_t fix(float v) { return static_cast<std::uint16_t>(v * kOne); }

void mix_pigments(const float top[kBands], float top_share, const Pixel& p, float rgb[3]) {
    float bottom[kBands] = {}, mixed[kBands];
    const auto alpha = static_cast<float>(p.a);
    rgb_to_spectral(static_cast<float>(p.c[0]) / alpha, static_cast<float>(p.c[1]) / alpha,
                    static_cast<float>(p.c[2]) / alpha, bottom);
    const float bottom_share = static_cast<float>(1.0 - top_share);
    for (int i = 0; i < kBands; ++i) mixed[i] = fastpow(top[i], top_share) * fastpow(bottom[i], bottom_share);
    rgb[0] = rgb[1] = rgb[2] = 0.0f;
    spectral_to_rgb(mixed, rgb);
}

void normal_pigment(Pixel& p, std::uint32_t mask, std::uint32_t opacity, const std::uint16_t rgb[3],
                    const float top[kBands]) {
    const std::uint32_t a = mask * opacity / kOne, b = kOne - a;
    const std::uint32_t out = a + b * p.a / kOne;
    if (p.a == 0) {
        for (int i = 0; i < 3; ++i) p.c[i] = (a * rgb[i] + b * p.c[i]) / kOne;
    } else {
        float mixed[3];
        mix_pigments(top, static_cast<float>(a) / static_cast<float>(out), p, mixed);
        for (int i = 0; i < 3; ++i) {
            p.c[i] = static_cast<std::uint16_t>(static_cast<double>(mixed[i] * static_cast<float>(out)) + 0.5);
        }
    }
    p.a = out;
}

void erase_pigment(Pixel& p, std::uint32_t mask, std::uint32_t opacity, std::uint32_t alpha,
                   const std::uint16_t rgb[3], const float top[kBands]) {
    const std::uint32_t a = mask * opacity / kOne, b = kOne - a;
    const std::uint32_t put = a * alpha / kOne;
    const std::uint32_t out = put + b * p.a / kOne;
    // Pigments show on paint; on nearly bare canvas libmypaint goes over to plain mixing.
    const float x = static_cast<float>(p.a) / kOne * 8.0f - 3.0f;
    const float pigment = std::clamp(static_cast<float>(0.5 + x / (1 + std::fabs(x) * 1.65f)), 0.0f, 1.0f);
    const auto plain = static_cast<float>(1.0 - pigment);
    std::uint32_t mixed[3] = {0, 0, 0};
    if (plain != 0.0f) {
        for (int i = 0; i < 3; ++i) mixed[i] = (put * rgb[i] + b * p.c[i]) / kOne;
    }
    if (pigment != 0.0f && p.a != 0) {
        float share = static_cast<float>(a) / static_cast<float>(a + b * p.a / kOne);
        share *= static_cast<float>(alpha) / kOne;
        float spectral[3];
        mix_pigments(top, share, p, spectral);
        for (int i = 0; i < 3; ++i) {
            mixed[i] = static_cast<std::uint32_t>(plain * static_cast<float>(mixed[i]) +
                                                  pigment * spectral[i] * static_cast<float>(out));
        }
    }
    p.a = out;
    for (int i = 0; i < 3; ++i) p.c[i] = static_cast<std::uint16_t>(mixed[i]);
}

void lock_alpha(Pixel& p, std::uint32_t mask, std::uint32_t opacity, const std::uint16_t rgb[3]) {
    std::uint32_t a = mask * opacity / kOne;
    const std::uint32_t b = kOne - a;
    a = a * p.a / kOne;
    for (int i = 0; i < 3; ++i) p.c[i] = (a * rgb[i] + b * p.c[i]) / kOne;
}

// Gives `bottom` the brightness of itself and the hue and saturation of `top` (PDF blend mode "Color").
void colorize(Pixel& p, std::uint32_t mask, std::uint32_t opacity, const std::uint16_t rgb[3]) {
    constexpr float luma[3] = {0.2126f * kOne, 0.7152f * kOne, 0.0722f * kOne};
    auto brightness = [&](const auto c[3]) {
        return (static_cast<float>(c[0]) * luma[0] + static_cast<float>(c[1]) * luma[1] +
                static_cast<float>(c[2]) * luma[2]) / kOne;
    };
    std::uint16_t straight[3] = {0, 0, 0};
    if (p.a != 0) {
        for (int i = 0; i < 3; ++i) straight[i] = static_cast<std::uint16_t>(kOne * p.c[i] / p.a);
    }
    const auto under = static_cast<std::uint16_t>(brightness(straight));
    const auto over = static_cast<std::uint16_t>(brightness(rgb));
    const auto shift = static_cast<std::int16_t>(under - over);
    std::int32_t c[3] = {rgb[0] + shift, rgb[1] + shift, rgb[2] + shift};
    const auto lum = static_cast<std::int32_t>(brightness(c));
    const std::int32_t low = std::min({c[0], c[1], c[2]}), high = std::max({c[0], c[1], c[2]});
    if (low < 0) {
        for (auto& v : c) v = lum + (v - lum) * lum / (lum - low);
    }
    if (high > kOne) {
        for (auto& v : c) v = lum + (v - lum) * (kOne - lum) / (high - lum);
    }
    const std::uint32_t a = mask * opacity / kOne, b = kOne - a;
    for (int i = 0; i < 3; ++i) {
        const std::uint32_t v = std::uint32_t{static_cast<std::uint16_t>(c[i])} * p.a / kOne;
        p.c[i] = (a * v + b * p.c[i]) / kOne;
    }
}

void posterize(Pixel& p, std::uint32_t mask, std::uint32_t opacity, int levels) {
    const std::uint32_t a = mask * opacity / kOne, b = kOne - a;
    for (auto& c : p.c) {
        const float v = static_cast<float>(c) / kOne;
        const auto step = static_cast<int>(std::floor(static_cast<double>(v * static_cast<float>(levels)) + 0.5));
        const auto flat = static_cast<std::uint32_t>(kOne * step / levels);
        c = (a * flat + b * c) / kOne;
    }
}

}  // namespace

void blend_rare_row(const std::uint16_t* mask, int count, const Dab& d, float normal, const std::uint16_t rgb[3],
                    std::uint16_t* const planes[4]) {
    float top[kBands] = {};
    if (d.paint > 0.0f) {
        rgb_to_spectral(static_cast<float>(rgb[0]) / kOne, static_cast<float>(rgb[1]) / kOne,
                        static_cast<float>(rgb[2]) / kOne, top);
    }
    const bool erases = d.alpha != 1.0f;
    const auto alpha = fix(d.alpha);
    const std::uint16_t plain = fix(normal * d.opaque * (1 - d.paint));
    const std::uint16_t pigment = fix(normal * d.opaque * d.paint);
    const std::uint16_t locked = fix(d.lock_alpha * d.opaque * (1 - d.colorize) * (1 - d.posterize) * (1 - d.paint));
    const int levels = std::clamp(static_cast<int>(std::floor(d.posterize_num * 100.0 + 0.5)), 1, 128);
    for (int i = 0; i < count; ++i) {
        if (mask[i] == 0) continue;
        Pixel p{{planes[0][i], planes[1][i], planes[2][i]}, planes[3][i]};
        if (d.paint < 1.0f && normal > 0.0f) {
            const std::uint32_t a = mask[i] * std::uint32_t{plain} / kOne, b = kOne - a;
            const std::uint32_t put = erases ? a * alpha / kOne : a;
            for (int c = 0; c < 3; ++c) p.c[c] = (put * rgb[c] + b * p.c[c]) / kOne;
            p.a = put + b * p.a / kOne;
        }
        if (d.paint < 1.0f && d.lock_alpha > 0.0f && d.alpha != 0.0f) lock_alpha(p, mask[i], locked, rgb);
        if (d.paint > 0.0f && normal > 0.0f) {
            if (erases) {
                erase_pigment(p, mask[i], pigment, alpha, rgb, top);
            } else {
                normal_pigment(p, mask[i], std::max(pigment, kLeastPigment), rgb, top);
            }
        }
        if (d.colorize > 0.0f) colorize(p, mask[i], fix(d.colorize * d.opaque), rgb);
        if (d.posterize > 0.0f) posterize(p, mask[i], fix(d.posterize * d.opaque), levels);
        for (int c = 0; c < 3; ++c) planes[c][i] = static_cast<std::uint16_t>(p.c[c]);
        planes[3][i] = static_cast<std::uint16_t>(p.a);
    }
}

}  // namespace spiral
