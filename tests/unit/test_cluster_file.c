/* test_cluster_file.c -- the scanner of cluster files. */
/* SPDX-License-Identifier: MIT */
#include "cluster_file.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mednn_cluster cluster;
static char error[512];

static int parse(const char *text, size_t size)
{
    char *copy = malloc(size ? size : 1); /* of exactly that size, for the sanitizers */
    memcpy(copy, text, size);
    *error = 0;
    int status = mednn_cluster_parse(&cluster, "f", copy, size, error, sizeof error);
    free(copy);
    return status;
}

static void accept_text(const char *text, uint32_t count)
{
    int status = parse(text, strlen(text));
    if (status)
        printf("\n    %s", error);
    CU_ASSERT(!status && cluster.count == count);
}

static void refuse(const char *text, const char *line)
{
    CU_ASSERT_EQUAL(parse(text, strlen(text)), -1);
    if (!strstr(error, line)) {
        printf("\n    found '%s', expected '%s'", error, line);
        CU_FAIL("wrong line");
    }
}

static void test_accepted(void)
{
    accept_text("<cluster><device id='0'/></cluster>", 1);
    CU_ASSERT(!strcmp(cluster.address[0].host, "127.0.0.1") && cluster.address[0].port == 7700);
    accept_text(
        "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- a < b -- > & c -->\n<cluster "
        "version=\"1\">\n"
        "  <device port=\"9\" speed=\"1.5\" id=\"1\" name=\"K&#252;che&amp;\" address='::1'><x/></device>\n"
        "  text <!-- <device id='0'/> --> <link a = \"1\" b='2' >more</link >\n"
        "  <device id = \"0\" address=\"a&#45;b&#x2e;local\" ></device>\n"
        "</cluster>\n<!-- end -->\n",
        2);
}

static void test_values(void)
{
    accept_text("<cluster><device address='a&#45;b&#x2E;local' id='0'/><device id='1' address=\"h\" "
                "port='65535'/></cluster>",
                2);
    CU_ASSERT(!strcmp(cluster.address[0].host, "a-b.local"));
    CU_ASSERT(!strcmp(cluster.address[1].host, "h") && cluster.address[1].port == 65535);
    /* A <device> elsewhere is none. */
    accept_text("<cluster><device id='0'/><old><device id='1'/></old></cluster>", 1);
}

static void test_refused(void)
{
    refuse("", "f:1: no <device> in it");
    refuse("hello", "f:1: is not a cluster file");
    refuse("<network/>", "f:1: found <network>; expected one <cluster>");
    refuse("<cluster/>\n<cluster/>", "f:2: found <cluster>");
    refuse("<cluster>\n\n</cluster>", "no <device>");
    refuse("<cluster>\n<device/></cluster>", "f:2: a device without id");
    refuse("<cluster>\n<device id='0'/>\n<device id='0'/></cluster>", "f:3: device 0 is given twice");
    refuse("<cluster><device id='0'/><device id='2'/></cluster>", "2 devices but none with id 1");
    refuse("<cluster><device id='64'/></cluster>", "id=\"64\" is not a number from 0 to 63");
    refuse("<cluster><device id='-1'/></cluster>", "id=\"-1\"");
    refuse("<cluster><device id='0x1'/></cluster>", "id=\"0x1\"");
    refuse("<cluster><device id=''/></cluster>", "id=\"\"");
    refuse("<cluster><device id='99999999999999999999'/></cluster>", "not a number");
    refuse("<cluster><device id='0' port='65536'/></cluster>", "port=\"65536\"");
    refuse("<cluster><device id='0' port='0'/></cluster>", "port=\"0\" of device 0");
    refuse("<cluster><device id='0' id='0'/></cluster>", "id is given twice");
    refuse("<cluster><device id='0' address='a b'/></cluster>", "is not a host name");
    refuse("<cluster><device id='0' address=''/></cluster>", "address is empty");
    refuse("<cluster><device id='0' address='a\nb'/></cluster>", "is not a host name");
    refuse("<cluster><device id=0/></cluster>", "the value of id is not quoted");
    refuse("<cluster><device id/></cluster>", "id has no value");
    refuse("<cluster><device id='0'", "is not well formed");
    refuse("<cluster><device id='0", "the value of id does not end");
    refuse("<cluster><device id='0'name='x'/></cluster>", "not well formed");
    refuse("<cluster><device id='0' name='<'/></cluster>", "does not end");
    refuse("<cluster><device id='0' address='&bad;'/></cluster>", "unknown entity");
    refuse("<cluster><device id='0' address='&#0;'/></cluster>", "unknown entity");
    refuse("<cluster><device id='0' address='&#x;'/></cluster>", "unknown entity");
    refuse("<cluster><device id='0' address='&#99999999999;'/></cluster>", "unknown entity");
    refuse("<cluster><device id='0'/></device></cluster>", "</device> closes nothing");
    refuse("<cluster><device id='0'/>", "<cluster> is not closed");
    refuse("<cluster><!-- <device id='0'/></cluster>", "a comment does not end");
    refuse("<?xml <cluster>", "a <? ?> does not end");
    refuse("<!DOCTYPE x><cluster/>", "DOCTYPE");
    refuse("<cluster><![CDATA[x]]></cluster>", "DOCTYPE and CDATA");
    refuse("<cluster><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>", "nested deeper than 16");
    refuse("< cluster/>", "expected a name");
}

static void test_long(void)
{
    char text[700], address[400];
    memset(address, 'a', sizeof address - 1);
    address[sizeof address - 1] = 0;
    snprintf(text, sizeof text, "<cluster><device id='0' address='%s'/></cluster>", address);
    refuse(text, "the value of address is too long");
    snprintf(text, sizeof text, "<cluster><device id='0' name='%s'/></cluster>", address);
    accept_text(text, 1);
    snprintf(text, sizeof text, "<cluster><device id='0' %s='1'/></cluster>", address);
    refuse(text, "longer than 63");
}

static void test_mutations(void)
{
    static const char good[] = "<?xml?><cluster><!-- c --><device id='0' address='a&amp;b' port=\"77\"/><l "
                               "a='&#65;'>t</l></cluster>";
    char text[sizeof good];
    uint32_t state = 99;
    int accepted = 0;
    for (int i = 0; i < 200000; i++) {
        memcpy(text, good, sizeof good);
        for (int change = 0; change <= i % 3; change++) {
            state = state * 1664525 + 1013904223;
            text[(state >> 8) % (sizeof good - 1)] = "<>&;'\"=/!-?#x0 a"[state >> 28];
        }
        accepted += !parse(text, i % 7 ? sizeof good - 1 : (state >> 4) % sizeof good);
    }
    CU_ASSERT(accepted > 1000 && accepted < 199000);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("cluster file", NULL, NULL);
    CU_ADD_TEST(suite, test_accepted);
    CU_ADD_TEST(suite, test_values);
    CU_ADD_TEST(suite, test_refused);
    CU_ADD_TEST(suite, test_long);
    CU_ADD_TEST(suite, test_mutations);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures ? 1 : 0;
}
