#include "CProcessor.h"

static const uint32_t rounds[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t turned(uint32_t word, int count) { return word >> count | word << (32 - count); }

struct processor_sha256 processor_sha256_portable(struct processor_sha256 state, struct processor_block block) {
    uint32_t w[64];
    for (int i = 0; i < 8; i++) {
        uint64_t pair = __builtin_bswap64(block.words[i]);
        w[2 * i] = (uint32_t)(pair >> 32);
        w[2 * i + 1] = (uint32_t)pair;
    }
    for (int i = 16; i < 64; i++) {
        uint32_t s0 = turned(w[i - 15], 7) ^ turned(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = turned(w[i - 2], 17) ^ turned(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    uint32_t a = state.words[0], b = state.words[1], c = state.words[2], d = state.words[3];
    uint32_t e = state.words[4], f = state.words[5], g = state.words[6], h = state.words[7];
    for (int i = 0; i < 64; i++) {
        uint32_t first = h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) + rounds[i] + w[i];
        uint32_t second = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + first, d = c, c = b, b = a, a = first + second;
    }
    uint32_t sums[8] = {a, b, c, d, e, f, g, h};
    for (int i = 0; i < 8; i++) state.words[i] += sums[i];
    return state;
}

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#define WITH_SHA256 __attribute__((target("sha,sse4.1")))

bool processor_has_sha256(void) {
    unsigned a, b = 0, c, d;
    return __builtin_cpu_supports("sse4.1") && __get_cpuid_count(7, 0, &a, &b, &c, &d) && b & bit_SHA;
}

// The instructions want the words as ABEF and CDGH.
struct registers {
    __m128i abef, cdgh;
};

WITH_SHA256 static struct registers loaded(const struct processor_sha256 *state) {
    __m128i low = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)&state->words[0]), 0xB1);
    __m128i high = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)&state->words[4]), 0x1B);
    return (struct registers){_mm_alignr_epi8(low, high, 8), _mm_blend_epi16(high, low, 0xF0)};
}

WITH_SHA256 static struct processor_sha256 stored(struct registers state) {
    struct processor_sha256 result;
    __m128i low = _mm_shuffle_epi32(state.abef, 0x1B), high = _mm_shuffle_epi32(state.cdgh, 0xB1);
    _mm_storeu_si128((__m128i *)&result.words[0], _mm_blend_epi16(low, high, 0xF0));
    _mm_storeu_si128((__m128i *)&result.words[4], _mm_alignr_epi8(high, low, 8));
    return result;
}

WITH_SHA256 static struct registers step(struct registers state, const struct processor_block *block) {
    const __m128i order = _mm_set_epi64x(0x0c0d0e0f08090a0bULL, 0x0405060700010203ULL);
    __m128i abef = state.abef, cdgh = state.cdgh, w[4];
    for (int i = 0; i < 4; i++)
        w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)&block->words[2 * i]), order);
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i++) {
        __m128i sum = _mm_add_epi32(w[i & 3], _mm_loadu_si128((const __m128i *)&rounds[4 * i]));
        cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
        abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0E));
        if (i < 12) {
            __m128i next = _mm_sha256msg1_epu32(w[i & 3], w[(i + 1) & 3]);
            next = _mm_add_epi32(next, _mm_alignr_epi8(w[(i + 3) & 3], w[(i + 2) & 3], 4));
            w[i & 3] = _mm_sha256msg2_epu32(next, w[(i + 3) & 3]);
        }
    }
    return (struct registers){_mm_add_epi32(abef, state.abef), _mm_add_epi32(cdgh, state.cdgh)};
}

#elif defined(__aarch64__)
#include <arm_neon.h>
#include <sys/auxv.h>
#define WITH_SHA256 __attribute__((target("arch=armv8-a+sha2")))

bool processor_has_sha256(void) { return getauxval(AT_HWCAP) & 1 << 6; } // HWCAP_SHA2

struct registers {
    uint32x4_t abcd, efgh;
};

WITH_SHA256 static struct registers loaded(const struct processor_sha256 *state) {
    return (struct registers){vld1q_u32(&state->words[0]), vld1q_u32(&state->words[4])};
}

WITH_SHA256 static struct processor_sha256 stored(struct registers state) {
    struct processor_sha256 result;
    vst1q_u32(&result.words[0], state.abcd);
    vst1q_u32(&result.words[4], state.efgh);
    return result;
}

WITH_SHA256 static struct registers step(struct registers state, const struct processor_block *block) {
    uint32x4_t abcd = state.abcd, efgh = state.efgh, w[4];
    for (int i = 0; i < 4; i++)
        w[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8((const uint8_t *)&block->words[2 * i])));
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i++) {
        uint32x4_t sum = vaddq_u32(w[i & 3], vld1q_u32(&rounds[4 * i])), before = abcd;
        abcd = vsha256hq_u32(abcd, efgh, sum);
        efgh = vsha256h2q_u32(efgh, before, sum);
        if (i < 12)
            w[i & 3] = vsha256su1q_u32(vsha256su0q_u32(w[i & 3], w[(i + 1) & 3]), w[(i + 2) & 3], w[(i + 3) & 3]);
    }
    return (struct registers){vaddq_u32(abcd, state.abcd), vaddq_u32(efgh, state.efgh)};
}

#else
#define WITH_SHA256

bool processor_has_sha256(void) { return false; }

struct registers {
    struct processor_sha256 state;
};

static struct registers loaded(const struct processor_sha256 *state) { return (struct registers){*state}; }
static struct processor_sha256 stored(struct registers state) { return state.state; }
static struct registers step(struct registers state, const struct processor_block *block) {
    (void)block;
    __builtin_trap();
    return state;
}
#endif

WITH_SHA256 struct processor_sha256 processor_sha256_by_instructions(
    struct processor_sha256 state, struct processor_block block) {
    return stored(step(loaded(&state), &block));
}

WITH_SHA256 struct processor_sha256 processor_sha256_four_by_instructions(
    struct processor_sha256 state, struct processor_four_blocks blocks) {
    struct registers registers = step(loaded(&state), &blocks.first);
    registers = step(registers, &blocks.second);
    registers = step(registers, &blocks.third);
    return stored(step(registers, &blocks.fourth));
}
