/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hdf5/xdmf.h"

#include <stdio.h>

#include "support.h"

static void check_file(const char *path, const char *expected) {
  char text[4096] = {0};
  FILE *file = fopen(path, "rb");
  ck_assert_ptr_nonnull(file);
  const size_t length = fread(text, 1, sizeof text - 1, file);
  (void)fclose(file);
  ck_assert_uint_lt(length, sizeof text - 1);
  ck_assert_str_eq(text, expected);
}

START_TEST(moments_of_a_mesh) {
  struct rst_context *context = rst_test_context();
  const struct rst_xdmf_mesh mesh = {.ny = 2, .nx = 3, .origin_y = -1, .step_y = 0.5, .step_x = 0.25};
  const struct rst_xdmf_attribute attribute = {"u", "views/u", "Float", 4};
  const double time = 1.5;
  struct rst_xdmf xdmf;
  rst_xdmf_begin(&xdmf, "run.h5");
  rst_xdmf_begin_collection(&xdmf, "snapshots");
  rst_xdmf_begin_grid(&xdmf, "snapshot 0", &mesh, &time);
  rst_xdmf_add_attribute(&xdmf, &attribute);
  rst_xdmf_end_grid(&xdmf);
  rst_xdmf_end_grid(&xdmf);
  RST_TEST_OK(context, rst_xdmf_write(&xdmf, context, ".xdmf", false));
  check_file("run.xdmf",
             "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
             "<Xdmf Version=\"2.0\">\n"
             "  <Domain>\n"
             "    <Grid Name=\"snapshots\" GridType=\"Collection\" CollectionType=\"Temporal\">\n"
             "      <Grid Name=\"snapshot 0\" GridType=\"Uniform\">\n"
             "        <Time Value=\"1.5\"/>\n"
             "        <Topology TopologyType=\"3DCoRectMesh\" Dimensions=\"2 3 4\"/>\n"
             "        <Geometry GeometryType=\"ORIGIN_DXDYDZ\">\n"
             "          <DataItem Format=\"XML\" NumberType=\"Float\" Precision=\"8\" Dimensions=\"3\">"
             "-0.125 -1.25 -0.125</DataItem>\n"
             "          <DataItem Format=\"XML\" NumberType=\"Float\" Precision=\"8\" Dimensions=\"3\">"
             "0.25 0.5 0.25</DataItem>\n"
             "        </Geometry>\n"
             "        <Attribute Name=\"u\" AttributeType=\"Scalar\" Center=\"Cell\">\n"
             "          <DataItem Format=\"HDF\" NumberType=\"Float\" Precision=\"4\" Dimensions=\"1 2 3\">"
             "run.h5:/views/u</DataItem>\n"
             "        </Attribute>\n"
             "      </Grid>\n"
             "    </Grid>\n"
             "  </Domain>\n"
             "</Xdmf>\n");
  rst_context_destroy(&context);
}
END_TEST

START_TEST(names_are_escaped) {
  struct rst_context *context = rst_test_context();
  const struct rst_xdmf_mesh mesh = {.ny = 2, .nx = 3, .step_y = 1, .step_x = 2};
  const struct rst_xdmf_attribute attribute = {"\"<&>\"", "map", "Char", 1};
  struct rst_xdmf xdmf;
  rst_xdmf_begin(&xdmf, "a<b>&\"c\".h5");
  rst_xdmf_begin_grid(&xdmf, "sweep", &mesh, NULL);
  rst_xdmf_add_attribute(&xdmf, &attribute);
  rst_xdmf_end_grid(&xdmf);
  RST_TEST_OK(context, rst_xdmf_write(&xdmf, context, ".maps.xdmf", false));
  check_file("a<b>&\"c\".maps.xdmf",
             "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
             "<Xdmf Version=\"2.0\">\n"
             "  <Domain>\n"
             "    <Grid Name=\"sweep\" GridType=\"Uniform\">\n"
             "      <Topology TopologyType=\"3DCoRectMesh\" Dimensions=\"2 3 4\"/>\n"
             "      <Geometry GeometryType=\"ORIGIN_DXDYDZ\">\n"
             "        <DataItem Format=\"XML\" NumberType=\"Float\" Precision=\"8\" Dimensions=\"3\">"
             "-1 -0.5 -1</DataItem>\n"
             "        <DataItem Format=\"XML\" NumberType=\"Float\" Precision=\"8\" Dimensions=\"3\">"
             "2 1 2</DataItem>\n"
             "      </Geometry>\n"
             "      <Attribute Name=\"&quot;&lt;&amp;&gt;&quot;\" AttributeType=\"Scalar\" Center=\"Cell\">\n"
             "        <DataItem Format=\"HDF\" NumberType=\"Char\" Precision=\"1\" Dimensions=\"1 2 3\">"
             "a&lt;b&gt;&amp;&quot;c&quot;.h5:/map</DataItem>\n"
             "      </Attribute>\n"
             "    </Grid>\n"
             "  </Domain>\n"
             "</Xdmf>\n");
  rst_context_destroy(&context);
}
END_TEST

START_TEST(a_missing_folder_is_an_error) {
  struct rst_context *context = rst_test_context();
  struct rst_xdmf xdmf;
  rst_xdmf_begin(&xdmf, "nowhere/run.h5");
  RST_TEST_FAILS(context, RST_ERROR_IO, "the folder nowhere", rst_xdmf_write(&xdmf, context, ".xdmf", false));
  rst_context_destroy(&context);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("xdmf");
  TCase *sidecars = tcase_create("sidecars");
  tcase_add_test(sidecars, moments_of_a_mesh);
  tcase_add_test(sidecars, names_are_escaped);
  tcase_add_test(sidecars, a_missing_folder_is_an_error);
  suite_add_tcase(suite, sidecars);
  return rst_test_run(suite);
}
