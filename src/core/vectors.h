/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_VECTORS_H
#define RST_VECTORS_H

/** @file
 * Sets of vector instructions. Loops that gain by wide vectors are compiled for each set, from one source, and stand in a table by set;
 * the widest that the processor has is used. All give the same bits.
 */

/** The widest vectors first; a processor that has one set has all that follow. Tables have an entry for each, by these numbers; those
 * before rst_vectors_widest() are not to be used and may be empty. */
enum rst_vectors {
  RST_VECTORS_AVX512, /**< F and DQ */
  RST_VECTORS_AVX2,   /**< and FMA */
  RST_VECTORS_OF_ALL, /**< processors */
};

/** For functions that those with instructions of a set call: they must end up inside them. */
#define RST_INLINE static inline __attribute__((always_inline))

#if defined(__x86_64__) && defined(__GNUC__)
/** Defined where loops are compiled for other sets than RST_VECTORS_OF_ALL. */
#define RST_WIDER_VECTORS 1
#define RST_WITH_AVX512 __attribute__((target("avx512f,avx512dq")))
#define RST_WITH_AVX2 __attribute__((target("avx2")))
/** For loops that fuse: others stay without, since some compilers fuse what was not asked for. */
#define RST_WITH_AVX2_FMA __attribute__((target("avx2,fma")))
#endif

static inline enum rst_vectors rst_vectors_widest(void) {
#ifdef RST_WIDER_VECTORS
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) {
    return RST_VECTORS_AVX512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    return RST_VECTORS_AVX2;
  }
#endif
  return RST_VECTORS_OF_ALL;
}

#endif
