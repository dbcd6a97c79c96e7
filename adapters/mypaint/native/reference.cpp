#include "reference.h"

#include <cmath>
#include <stdexcept>

namespace spiral {

// libmypaint ships a ready surface only for its first interface; this gives the second one memory.
struct ReferenceSurface::Extended {
    MyPaintTiledSurface2 parent;  // first, so that libmypaint's pointer is ours
    int tiles_high, tiles_wide;
    std::vector<std::uint16_t> memory, outside;

    static void request_start(MyPaintTiledSurface2* self, MyPaintTileRequest* request) {
        auto* s = reinterpret_cast<Extended*>(self);
        const bool inside = request->tx >= 0 && request->ty >= 0 && request->tx < s->tiles_wide &&
                            request->ty < s->tiles_high;
        constexpr std::size_t words = std::size_t{4} * kTile * kTile;
        if (!inside) std::fill(s->outside.begin(), s->outside.end(), std::uint16_t{0});
        request->buffer =
            inside ? s->memory.data() + words * (std::size_t(request->ty) * s->tiles_wide + request->tx) : s->outside.data();
    }
    static void request_end(MyPaintTiledSurface2*, MyPaintTileRequest*) {}
    static void destroy(MyPaintSurface*) {}
};

ReferenceSurface::ReferenceSurface(int height, int width, bool extended) : height_(height), width_(width) {
    if (height < 1 || width < 1 || height % kTile != 0 || width % kTile != 0) {
        throw std::invalid_argument("height and width must be multiples of 64");
    }
    if (!extended) {
        surface_ = mypaint_fixed_tiled_surface_interface(mypaint_fixed_tiled_surface_new(width, height));
        return;
    }
    extended_ = std::make_unique<Extended>();
    constexpr std::size_t words = std::size_t{4} * kTile * kTile;
    extended_->tiles_high = height / kTile;
    extended_->tiles_wide = width / kTile;
    extended_->memory.resize(words * (std::size_t(extended_->tiles_high) * extended_->tiles_wide));
    extended_->outside.resize(words);
    mypaint_tiled_surface2_init(&extended_->parent, Extended::request_start, Extended::request_end);
    surface_ = &extended_->parent.parent.parent;
    surface_->destroy = Extended::destroy;
}

ReferenceSurface::~ReferenceSurface() {
    if (extended_) {
        mypaint_tiled_surface2_destroy(&extended_->parent);
    } else {
        mypaint_surface_unref(surface_);
    }
}

std::uint16_t* ReferenceSurface::tile_memory(int ty, int tx) const {
    MyPaintTileRequest request;
    mypaint_tile_request_init(&request, 0, tx, ty, TRUE);
    if (extended_) {
        mypaint_tiled_surface2_tile_request_start(&extended_->parent, &request);
    } else {
        mypaint_tiled_surface_tile_request_start(reinterpret_cast<MyPaintTiledSurface*>(surface_), &request);
    }
    return request.buffer;
}

const std::uint16_t* ReferenceSurface::tile(int ty, int tx) const { return tile_memory(ty, tx); }

void ReferenceSurface::clear(const double color[3]) {
    for (int ty = 0; ty < tiles_high(); ++ty) {
        for (int tx = 0; tx < tiles_wide(); ++tx) {
            std::uint16_t* pixels = tile_memory(ty, tx);
            for (int i = 0; i < kTile * kTile; ++i) {
                for (int c = 0; c < 3; ++c) pixels[4 * i + c] = static_cast<std::uint16_t>(std::lround(color[c] * 32768));
                pixels[4 * i + 3] = 32768;
            }
        }
    }
}

void ReferenceSurface::begin_atomic() { mypaint_surface_begin_atomic(surface_); }

void ReferenceSurface::end_atomic() {
    if (extended_) {
        MyPaintRectangle boxes[1];
        MyPaintRectangles changed{1, boxes};
        mypaint_tiled_surface2_end_atomic(&extended_->parent, &changed);
    } else {
        MyPaintRectangle changed;
        mypaint_surface_end_atomic(surface_, &changed);
    }
}

void ReferenceSurface::to_floats(float* out) const {
    for (int ty = 0; ty < tiles_high(); ++ty) {
        for (int tx = 0; tx < tiles_wide(); ++tx) {
            const std::uint16_t* p = tile(ty, tx);
            for (int y = 0; y < kTile; ++y) {
                float* row = out + 3 * ((std::size_t(ty) * kTile + y) * width_ + std::size_t(tx) * kTile);
                for (int x = 0; x < kTile; ++x, p += 4, row += 3) {
                    const float scale = p[3] == 0 ? 0.0f : 1.0f / static_cast<float>(p[3]);
                    for (int c = 0; c < 3; ++c) row[c] = static_cast<float>(p[c]) * scale;
                }
            }
        }
    }
}

}  // namespace spiral
