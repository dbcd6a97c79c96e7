// Whole dabs painted kStep pixels at a time: the same numbers as dab_row, quantize_row and a blend.
//
// dab.cpp includes this once for every instruction set, each time in a namespace of its own and under
// `#pragma GCC target`: vectors wider than the set in force when they are *compiled* would be taken apart, which
// is what happens under target_clones.

typedef float Floats __attribute__((vector_size(kStep * 4)));
typedef std::int32_t Ints __attribute__((vector_size(kStep * 4)));
typedef std::uint32_t Words __attribute__((vector_size(kStep * 4)));
typedef std::uint16_t Halves __attribute__((vector_size(kStep * 2)));

// By reference, since how vectors are passed depends on the instruction set.
SPIRAL_INLINE void widen(const Halves& from, Words& to) {
#if SPIRAL_LEVEL == 4
    to = (Words)_mm512_maskz_cvtepu16_epi32(0xffff, (__m256i)from);
#elif SPIRAL_LEVEL == 3
    to = (Words)_mm256_cvtepu16_epi32((__m128i)from);
#else
    to = __builtin_convertvector(from, Words);
#endif
}

// Keeps the low sixteen bits.
SPIRAL_INLINE void narrow(const Words& from, Halves& to) {
#if SPIRAL_LEVEL == 4
    to = (Halves)_mm512_maskz_cvtepi32_epi16(0xffff, (__m512i)from);
#else
    to = __builtin_convertvector(from, Halves);
#endif
}

#if SPIRAL_LEVEL >= 3
// Twice as many pixels, sixteen bits each.
typedef std::uint16_t WideHalves __attribute__((vector_size(kStep * 4)));

SPIRAL_INLINE void narrow_both(const Words& first, const Words& second, WideHalves& to) {
#if SPIRAL_LEVEL == 4
    WideHalves even;
    std::memcpy(&even, kEvenNumbers, sizeof even);
    to = (WideHalves)_mm512_permutex2var_epi16((__m512i)first, (__m512i)even, (__m512i)second);
#else
    to = (WideHalves)_mm256_permute4x64_epi64(_mm256_packus_epi32((__m256i)first, (__m256i)second), 0xd8);
#endif
}

// The upper sixteen bits of the products.
SPIRAL_INLINE void multiply_high(const WideHalves& a, const WideHalves& b, WideHalves& to) {
#if SPIRAL_LEVEL == 4
    to = (WideHalves)_mm512_mulhi_epu16((__m512i)a, (__m512i)b);
#else
    to = (WideHalves)_mm256_mulhi_epu16((__m256i)a, (__m256i)b);
#endif
}
#endif

enum class Form { round, turned, tilted, small };

// Where in a pixel its column is measured: small dabs are held against its sides, others against its centre.
template <Form form>
constexpr float kWithinPixel = form == Form::small ? 0.0f : 0.5f;

// What is the same for all pixels of a row.
template <Form form>
struct Row {
    SPIRAL_INLINE Row(const DabShape& s, int y) {
        if constexpr (form == Form::small) {
            bottom = s.y - static_cast<float>(y);
            center_y = bottom - 0.5f;
            top = bottom - 1.0f;
        } else {
            yy = static_cast<float>(y) + 0.5f - s.y;
        }
    }
    float yy = 0, bottom = 0, center_y = 0, top = 0;
};

// The mask of pixels in fixed point, as dab_row and quantize_row make it; nothing from column `end` on.
template <Form form>
SPIRAL_INLINE void mask_lanes(const DabShape& s, const Row<form>& row, const Floats& column, float end, Words& mask) {
    const Floats zero = {};
    Floats rr;
    if constexpr (form == Form::round) {
        const Floats xx = column - s.x;
        rr = (row.yy * row.yy + xx * xx) * s.one_over_radius2;
    } else if constexpr (form == Form::turned || form == Form::tilted) {
        const Floats xx = column - s.x;
        Floats across = row.yy * s.cs - xx * s.sn;
        if constexpr (form == Form::tilted) across *= s.aspect;
        const Floats along = row.yy * s.sn + xx * s.cs;
        rr = (across * across + along * along) * s.one_over_radius2;
    } else {
        const float reach = sqrtf(static_cast<float>(1.0f / M_PI));
        const Floats right = s.x - column;
        const Floats center_x = right - 0.5f, left = right - 1.0f;
        const float line2 = s.cs * s.cs + s.sn * s.sn;
        Floats t = center_x * s.cs + row.center_y * s.sn;
        if (line2 != 1.0f) t /= line2;
        Floats nx = s.cs * t, ny = s.sn * t;
        nx = nx < left ? left : nx;
        nx = nx > right ? right : nx;
        ny = ny < row.top ? zero + row.top : ny;
        ny = ny > row.bottom ? zero + row.bottom : ny;
        if (row.top < 0 && row.bottom > 0) {
            const Ints inside = (left < 0.0f) & (right > 0.0f);
            nx = inside ? zero : nx;
            ny = inside ? zero : ny;
        }
        const Floats near1 = (ny * s.cs - nx * s.sn) * s.aspect, near2 = ny * s.sn + nx * s.cs;
        const Floats rr_near = (near1 * near1 + near2 * near2) * s.one_over_radius2;
        const Floats side = (center_x - s.cs) * s.sn - s.cs * (row.center_y + s.sn);
        const Ints below = side < 0.0f;
        const Floats fx = nx + (below ? zero - s.sn * reach : zero + s.sn * reach);
        const Floats fy = ny + (below ? zero + s.cs * reach : zero - s.cs * reach);
        const Floats far1 = (fy * s.cs - fx * s.sn) * s.aspect, far2 = fy * s.sn + fx * s.cs;
        const Floats far = far1 * far1 + far2 * far2;
        const Floats rr_far = far * s.one_over_radius2;
        const Floats visible = (1.0f - rr_near) / (1.0f + (rr_far - rr_near));
        rr = far < s.antialias_start ? (rr_far + rr_near) * 0.5f : 1.0f - visible;
        rr = rr_near > 1.0f ? rr_near : rr;
    }
    const Ints inner = rr <= s.hardness;
    const Floats opa = (inner ? zero + s.offset1 : zero + s.offset2) +
                       rr * (inner ? zero + s.slope1 : zero + s.slope2);
    const Ints inside = (rr <= 1.0f) & (column < end);
    mask = (Words)__builtin_convertvector((inside ? opa : zero) * static_cast<float>(kOne), Ints);
    // Small dabs may come out a little above one, and libmypaint keeps sixteen bits of it.
    if constexpr (form == Form::small) mask &= 0xffffu;
}

template <bool erases>
SPIRAL_INLINE void blend_lanes(const Words& cover, const Words& put, std::uint16_t color, std::uint16_t* at) {
    Halves old;
    std::memcpy(&old, at, sizeof old);
    Words p;
    widen(old, p);
    Words blended;
    if constexpr (erases) {
        blended = (put * color + (kOne - cover) * p) >> 15;
    } else {
        blended = p + (Words)((Ints)(cover * (color - p)) >> 15);
    }
    Halves fresh;
    narrow(blended, fresh);
    std::memcpy(at, &fresh, sizeof fresh);
}

#if SPIRAL_LEVEL >= 3

// As blend_lanes does, for covers of at most kOne.
SPIRAL_INLINE void blend_wide(const WideHalves& cover, std::uint16_t color, std::uint16_t* at) {
    WideHalves p, part;
    std::memcpy(&p, at, sizeof p);
    // Differences are made positive by adding one, which adds the cover to the product; of a full colour they are.
    const bool full = color == kOne;
    const std::uint16_t up_to = full ? color : color + kOne;
    const std::uint16_t lifted = full ? 0 : 0xffff;
    multiply_high(cover << 1, up_to - p, part);
    // Twice a full cover is too much for sixteen bits.
    const WideHalves fresh = cover >= kOne ? p - p + color : p + part - (cover & lifted);
    std::memcpy(at, &fresh, sizeof fresh);
}

// As paint does, for dabs wider than one step: that has arithmetic of sixteen bits where 32 are not needed.
template <Form form>
SPIRAL_INLINE void paint_wide(const DabShape& shape, const Rect& rect, const DabInk& dab_ink, bool with_alpha,
                              const Planes& canvas) {
    const DabShape s = shape;
    const DabInk ink = dab_ink;
    const Planes planes = canvas;
    const int last_row = rect.bottom, first_column = rect.left, last_column = rect.right;
    const auto end = static_cast<float>(last_column);
    Floats ramp;
    std::memcpy(&ramp, kRamp, sizeof ramp);
    for (int y = rect.top; y < last_row; ++y) {
        const Row<form> row(s, y);
        std::uint16_t* at = planes.first + std::size_t(y) * planes.width;
        Floats column = ramp + (static_cast<float>(first_column) + kWithinPixel<form>);
        for (int x = first_column; x < last_column; x += 2 * kStep) {
            Words first, second;
            mask_lanes<form>(s, row, column, end, first);
            column += static_cast<float>(kStep);
            mask_lanes<form>(s, row, column, end, second);
            column += static_cast<float>(kStep);
            WideHalves cover;
            narrow_both(first * ink.opacity >> 15, second * ink.opacity >> 15, cover);
            for (int channel = 0; channel < 3; ++channel) {
                blend_wide(cover, ink.color[channel], at + channel * planes.plane_size + x);
            }
            if (with_alpha) blend_wide(cover, kOne, at + 3 * planes.plane_size + x);
        }
    }
}

#endif

template <Form form, bool erases>
SPIRAL_INLINE void paint(const DabShape& shape, const Rect& rect, const DabInk& dab_ink, bool with_alpha,
                         const Planes& canvas) {
#if SPIRAL_LEVEL >= 3
    if constexpr (form != Form::small && !erases) {
        // Rounding may bring the mask of a harder dab above one.
        if (rect.width() > kStep && shape.hardness <= 0.99f) {
            paint_wide<form>(shape, rect, dab_ink, with_alpha, canvas);
            return;
        }
    }
#endif
    // Copies, because the compiler must think that writing pixels may change what a reference refers to.
    const DabShape s = shape;
    const DabInk ink = dab_ink;
    const Planes planes = canvas;
    const int last_row = rect.bottom, first_column = rect.left, last_column = rect.right;
    const auto end = static_cast<float>(last_column);
    static_assert(kStep <= kLanes);
    Floats ramp;
    std::memcpy(&ramp, kRamp, sizeof ramp);
    for (int y = rect.top; y < last_row; ++y) {
        const Row<form> row(s, y);
        std::uint16_t* at = planes.first + std::size_t(y) * planes.width;
        Floats column = ramp + (static_cast<float>(first_column) + kWithinPixel<form>);
        for (int x = first_column; x < last_column; x += kStep, column += static_cast<float>(kStep)) {
            Words mask;
            mask_lanes<form>(s, row, column, end, mask);
            const Words cover = mask * ink.opacity >> 15;
            Words put = cover;
            if constexpr (erases) put = cover * ink.alpha >> 15;
            for (int channel = 0; channel < 3; ++channel) {
                blend_lanes<erases>(cover, put, ink.color[channel], at + channel * planes.plane_size + x);
            }
            if (erases || with_alpha) blend_lanes<erases>(cover, put, kOne, at + 3 * planes.plane_size + x);
        }
    }
}

void paint_round(const DabShape& s, const Rect& r, const DabInk& i, bool with_alpha, const Planes& p) {
    paint<Form::round, false>(s, r, i, with_alpha, p);
}
void paint_turned(const DabShape& s, const Rect& r, const DabInk& i, bool with_alpha, const Planes& p) {
    paint<Form::turned, false>(s, r, i, with_alpha, p);
}
void paint_tilted(const DabShape& s, const Rect& r, const DabInk& i, bool with_alpha, const Planes& p) {
    paint<Form::tilted, false>(s, r, i, with_alpha, p);
}
void paint_small(const DabShape& s, const Rect& r, const DabInk& i, bool with_alpha, const Planes& p) {
    paint<Form::small, false>(s, r, i, with_alpha, p);
}
void erase_tilted(const DabShape& s, const Rect& r, const DabInk& i, bool with_alpha, const Planes& p) {
    paint<Form::tilted, true>(s, r, i, with_alpha, p);
}
void erase_small(const DabShape& s, const Rect& r, const DabInk& i, bool with_alpha, const Planes& p) {
    paint<Form::small, true>(s, r, i, with_alpha, p);
}

constexpr PaintKernels kKernels = {{paint_round, paint_turned, paint_tilted, paint_small},
                                   {erase_tilted, erase_tilted, erase_tilted, erase_small}};
