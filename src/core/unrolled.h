/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_UNROLLED_H
#define RST_UNROLLED_H

/** @file
 * RST_UNROLL for (...) of a constant number of turns, so that arrays stay in registers. To be included last: under sanitizers, where
 * unrolled loops full of checks would take a compiler minutes, it turns optimisation down for what follows.
 */

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RST_SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define RST_SANITIZED 1
#endif
#if defined(RST_SANITIZED) && defined(__clang__)
#pragma clang optimize off
#define RST_UNROLL
#elif defined(RST_SANITIZED)
#pragma GCC optimize("O1")
#define RST_UNROLL
#elif defined(__clang__)
#define RST_UNROLL _Pragma("clang loop unroll(full)")
#else
#define RST_UNROLL _Pragma("GCC unroll 16")
#endif

#endif
