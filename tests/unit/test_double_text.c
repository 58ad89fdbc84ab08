/* test_double_text.c -- float templates in double: which words change, which stay. */
/* SPDX-License-Identifier: MIT */
#include "backend/double_text.h"
#include "backend/template.h"

#include <CUnit/Basic.h>
#include <string.h>

/* What `text` becomes, given what `learned` defines. */
static const char *in_double(struct arena *arena, const char *learned, const char *text, bool literals)
{
    struct doubles doubles = {.arena = arena};
    struct text to = {.arena = arena};
    doubles_learn(&doubles, learned);
    doubles_write(&doubles, &to, text, literals);
    return to.bytes;
}

static void expect(const char *learned, const char *text, bool literals, const char *expected)
{
    struct arena arena = {0};
    CU_ASSERT_STRING_EQUAL(in_double(&arena, learned, text, literals), expected);
    arena_free(&arena);
}

static void test_types_and_literals(void)
{
    expect("", "const float x = 0.5f + 1e-3f * 3 + 0x1p-3f;", true, "const double x = 0.5 + 1e-3 * 3 + 0x1p-3;");
    expect("", "vi mask = 0x7f & 0x1e+f;", true, "vl mask = 0x7f & 0x1e+f;");
    expect("", ".scale = 0.1f", false, ".scale = 0.1f");
    expect("", "vf a[16 / W]; *(vu *)y = a[0] * __builtin_sqrtf(x);", true,
           "vd a[16 / WD]; *(vdu *)y = a[0] * __builtin_sqrt(x);");
    expect("", "floats afloat float_ W2", true, "floats afloat float_ W2");
}

static void test_comments_and_strings_stay(void)
{
    expect("int join(void);", "/* float join */ \"float join\" 'W' // join", true,
           "/* float join */ \"float join\" 'W' // double_join");
    expect("", "\"a\\\"float\" float", true, "\"a\\\"float\" double");
    expect("", "/* open float", true, "/* open float");
}

static void test_functions(void)
{
    static const char learned[] = "INLINE float join(float x)\n{\n    return other(x);\n}\n"
                                  "typedef void tile(float x);\ntypedef float real;\nFUNCTION(made)\n{\n}\n";
    expect(learned, "join(a) + other(b) + made(c) + x.join + p->join + a > join;", true,
           "double_join(a) + other(b) + double_made(c) + x.join + p->join + a > double_join;");
    expect(learned, "tile *t; real r; FUNCTION(x)", true, "double_tile *t; double_real r; DOUBLE_FUNCTION(x)");
    expect("int double_f(int x);", "double_f(1)", true, "double_f(1)");
    expect("__attribute__((unused)) static int f(void);", "__attribute__((unused)) f(void)", true,
           "__attribute__((unused)) double_f(void)");
}

/* Structures, members and functions of one name are three things. */
static void test_tags(void)
{
    static const char learned[] = "struct box {\n    int count, box;\n};\nenum side { LEFT, RIGHT = 3 };\n"
                                  "enum { LANES = 16 };\n";
    expect(learned, "struct box b = {.box = LEFT, .count = LANES}; enum side side = RIGHT; box(b)", true,
           "struct double_box b = {.box = DOUBLE_LEFT, .count = DOUBLE_LANES}; enum double_side side = DOUBLE_RIGHT; box(b)");
    expect(learned, "struct other o; count = 1;", true, "struct other o; count = 1;");
}

static void test_macros(void)
{
    static const char learned[] = "#ifndef GUARD\n#define GUARD\n#define TILES(name) \\\n    inside(name##_tile)\n#endif\n";
    expect(learned, "#ifndef GUARD\nTILES(conv) inside", true, "#ifndef DOUBLE_GUARD\nDOUBLE_TILES(conv) inside");
}

/* No template that is written in double keeps a word of float. */
static void test_templates(void)
{
    int written = 0;
    for (const struct embedded_file *file = template_files; file->name; file++) {
        const char *by_hand;
        if (doubles_kind(file->name, &by_hand) != DOUBLES_WRITTEN)
            continue;
        struct arena arena = {0};
        const char *text = in_double(&arena, file->text, file->text, true);
        struct doubles none = {.arena = &arena};
        struct text again = {.arena = &arena};
        doubles_write(&none, &again, text, true);
        CU_ASSERT_STRING_EQUAL(again.bytes, text);
        CU_ASSERT_PTR_NOT_NULL(strstr(text, "double_"));
        written++;
        arena_free(&arena);
    }
    CU_ASSERT(written > 10);
    for (const struct embedded_file *file = template_files; file->name; file++) {
        const char *by_hand;
        if (doubles_kind(file->name, &by_hand) == DOUBLES_BY_HAND)
            CU_ASSERT_PTR_NOT_NULL(strstr(template_text(by_hand), "double_"));
    }
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("double_text", NULL, NULL);
    CU_add_test(suite, "types and literals", test_types_and_literals);
    CU_add_test(suite, "comments and strings stay", test_comments_and_strings_stay);
    CU_add_test(suite, "functions", test_functions);
    CU_add_test(suite, "tags", test_tags);
    CU_add_test(suite, "macros", test_macros);
    CU_add_test(suite, "templates", test_templates);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    const unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}
