/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_NUMPY_NORMAL_H
#define RST_NUMPY_NORMAL_H

#include <stddef.h>
#include <stdint.h>

/** @file
 * numpy.random.seed(seed); numpy.random.randn(...)[first : first + count], recorded from NumPy 1.24.2 with
 * float.hex(). Beside the beginning of each sequence, the normals on both sides of refills of the 624-word
 * state.
 */

struct numpy_normal {
  uint32_t seed;
  size_t first, count;
  double values[20];
};

static const struct numpy_normal numpy_normals[] = {
    {0U, 0, 20, {0x1.c398ef3e5cfa5p+0,  0x1.99c2cfacc8953p-2,  0x1.f51d25222c9abp-1, 0x1.1ed5969e3314ep+1,
                 0x1.de1847cb13ddap+0,  -0x1.f45dc42a58c82p-1, 0x1.e671fd33295e9p-1, -0x1.35fac49d38436p-3,
                 -0x1.a6c8cf8c8b459p-4, 0x1.a473ef0672966p-2,  0x1.270050daae1edp-3, 0x1.744b44bfd85f7p+0,
                 0x1.85a6bc990ea13p-1,  0x1.f26180893b390p-4,  0x1.c6841552275cbp-2, 0x1.55aeb90e595e4p-2,
                 0x1.7e7bf754d993bp+0,  -0x1.a42a040b06ab6p-3, 0x1.4094d1d019184p-2, -0x1.b54c0967e85f0p-1}},
    {0U,
     230,
     8,
     {-0x1.6c8f4177978dbp+0, -0x1.f928d8f607547p-2, -0x1.15f1f07b800bfp-1, 0x1.aa0905f8c4b86p-2,
      -0x1.27fb9264e2868p+0, 0x1.8ff93295155a2p-1, 0x1.7e968a02f7c76p+0, -0x1.08f544f0d2496p+1}},
    {0U,
     476,
     8,
     {0x1.51b2f44ea9b18p+0, -0x1.c3cc663e17fddp-1, 0x1.20eb8a658cbecp+0, 0x1.fbe7ac0d54586p-2,
      0x1.8af5b87303893p-1, 0x1.07894d96dac26p+0, -0x1.d1496a8a66e14p-1, -0x1.b2805184ddcf2p-2}},
    {0U,
     9804,
     8,
     {0x1.98dba6e2de041p-1, -0x1.68d458da7277ep-4, -0x1.be1bb026e775bp-3, 0x1.786a584c8055ap-2,
      -0x1.14f36660fb755p+1, 0x1.93ab9a79f9793p+0, 0x1.10b89a1e971ffp-5, -0x1.3af0644ddffb9p-1}},
    {7U, 0, 20, {0x1.b0c64ae2deb29p+0,   -0x1.dd1eafa1d414dp-2, 0x1.0cdcdf34c3aedp-5,
                 0x1.a14bf2d03adc9p-2,   -0x1.93edb81e0483fp-1, 0x1.0ebd202837d2fp-9,
                 -0x1.d2d1912005d29p-11, -0x1.c1359cb53ff75p+0, 0x1.04853c2cd6586p+0,
                 0x1.33748a9e578d5p-1,   -0x1.403839fa50ee5p-1, -0x1.5f54b1dc2b993p-3,
                 0x1.02b6997dba877p-1,   -0x1.0ba1041f64458p-2, -0x1.f1266dd043021p-3,
                 -0x1.7407a113d73e2p+0,  0x1.1bf1f35d298afp-1,  0x1.fb6a8b4ce8420p-4,
                 0x1.190c05b27260bp-2,   -0x1.86ca4fccec345p+0}},
    {7U,
     234,
     8,
     {0x1.9615017bae2aap-2, 0x1.2be070ef671cbp+0, 0x1.25336c8d6a4f8p+0, -0x1.63897e430a977p-2,
      -0x1.0d051fcaf71cap-1, 0x1.2321e18a7d148p-2, -0x1.0ff2e94956343p-3, -0x1.e65d4fb940cb0p+0}},
    {7U,
     470,
     8,
     {0x1.17597d1f77a7cp-1, 0x1.e48d9d99a059ep-4, -0x1.3e5b3206b177bp-1, 0x1.867f999cd0140p-3,
      -0x1.2ded7721359b0p+0, 0x1.a3d89a2ba59f0p-1, 0x1.2ead857c24656p+0, -0x1.2db27151cbbf6p+0}},
    {7U,
     9768,
     8,
     {-0x1.1b845b15b4555p-3, 0x1.977b567b47795p-4, 0x1.0a2fd0d8f19c6p+1, -0x1.2671ed34ca458p-4,
      -0x1.d4dc3b7e58a6ap-2, -0x1.170557d1de644p-1, -0x1.abb96dfb79709p-1, 0x1.872f5e19db2adp-1}},
    {12345U, 0, 20, {-0x1.a33dc4f5d203dp-3, 0x1.ea701f566080fp-2,  -0x1.09f3df0ae3d0ep-1,
                     -0x1.1c88aeb5231f1p-1, 0x1.f73d654602e58p+0,  0x1.64b63ea2acb4bp+0,
                     0x1.7c8cf8427b26ep-4,  0x1.20821040b7d8bp-2,  0x1.89bd53738ebe6p-1,
                     0x1.3f1658cd60a17p+0,  0x1.01d72967b2c0ep+0,  -0x1.4bd5258805a31p+0,
                     0x1.199768210ef17p-2,  0x1.d4d04685487a2p-3,  0x1.5a58c1f93e516p+0,
                     0x1.c5da11081c874p-1,  -0x1.0035a6bfb8f04p+1, -0x1.7cc44a411dc16p-2,
                     0x1.ab453e209b086p+0,  -0x1.c1186cc1b770ap-2}},
    {12345U,
     248,
     8,
     {0x1.489c5845a86b6p-1, -0x1.539ed3319422cp-2, 0x1.64e1eadbb9fcep+0, -0x1.13a55c2be2eadp+0,
      -0x1.8a2b9ad0f2a7cp-3, -0x1.be0c4ec8e2c3fp-1, 0x1.aef3d36ca9630p-2, -0x1.361f092153887p+0}},
    {12345U,
     510,
     8,
     {-0x1.3d192100e521cp-1, -0x1.741316978fcf6p-1, 0x1.38be68cdceb61p+0, 0x1.01e4df84e2806p-1,
      -0x1.634bb72d6adfap+0, 0x1.a389241bd2a86p-3, 0x1.3518d99dd0179p-1, 0x1.176368cfcfc22p-1}},
    {12345U,
     9786,
     8,
     {-0x1.aa4e4e23057dbp-3, -0x1.c202b8f089427p-2, -0x1.b25fef54b2a11p-1, 0x1.8895776d7d19ap-7,
      -0x1.c57390231b3c0p-3, 0x1.29482fb06aca9p-1, 0x1.01d967e725db8p+0, -0x1.b0a3dbe3d4d7dp-1}},
    {4294967295U, 0, 20, {0x1.4bfc38c486d8ap-1,  0x1.56b192e507eeep-1,  -0x1.149e836f192fdp+0,
                          0x1.23543dec5a0fcp-2,  0x1.d27bf27c6aaafp-4,  0x1.bc38efd644bd1p-1,
                          -0x1.68a93f10b89eep-5, 0x1.fd7bf9478f663p-3,  -0x1.f9f94d65c3902p-1,
                          -0x1.17832e95fd734p-1, -0x1.ac932ccbf8580p-6, 0x1.011ed02431336p+0,
                          0x1.49eb7484a2b07p-1,  -0x1.62a82ceebc9cep+0, 0x1.ae22bf2063e74p-2,
                          0x1.6ee5a63630a15p+0,  0x1.609b2a07b9e45p-4,  -0x1.9aefef735cd51p-2,
                          0x1.0d6500d9eb6c8p+0,  0x1.08cc70b3be94bp-5}},
    {4294967295U,
     248,
     8,
     {0x1.64e5ea725cc45p-2, 0x1.6f5c8a14c9a8bp+0, 0x1.ec3c7ee8018c1p-1, 0x1.0eb23ae5adddfp+1,
      -0x1.7fd865b98852ep-3, 0x1.124e7eab7a257p-2, 0x1.2e668ffd2da6cp+0, 0x1.28b275377fb19p+0}},
    {4294967295U,
     478,
     8,
     {-0x1.5ad7aa28b2119p-2, -0x1.a8d4e02af50cap+0, 0x1.73283fe7749ecp-3, 0x1.cd6ecde6413c2p-1,
      -0x1.c0f5ccb2d25e9p+0, 0x1.f7d984bcfd479p-2, -0x1.baf07a1292fc3p-1, -0x1.f196a296bcc44p-2}},
    {4294967295U,
     9856,
     8,
     {0x1.01e4cad4022fbp-1, -0x1.e25cd275599eep-5, 0x1.18adc7c8c0a8fp-1, 0x1.334d4ae8a85a0p-1,
      0x1.60a79007955c0p-3, 0x1.34a97be9f9d43p+0, 0x1.095ae386db30fp+0, 0x1.cef6b949ed23ep+0}},
};

#endif
