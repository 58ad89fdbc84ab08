/* double_text.c -- the text of float templates in double, token by token. */
/* SPDX-License-Identifier: MIT */
#include "double_text.h"

#include <ctype.h>
#include <string.h>

static const char *const written[] = {"activation.h",    "attention.h", "conv_grouped.h", "conv_transpose.h",
                                      "deform_conv.h",   "dft.h",       "grid_sample.h",  "lanes.h",
                                      "lrn.h",           "matmul.h",    "normalize.h",    "pool.h",
                                      "recurrent.h",     "resize.h",    "roi_align.h",    "softmax.h"};

/* What C and the templates that serve both call it, and what it is of doubles. */
static const struct {
    const char *of_float, *of_double;
} words[] = {{"float", "double"},
             {"vf", "vd"},
             {"vu", "vdu"},
             {"vi", "vl"},
             {"W", "WD"},
             {"CONTRACT", "/* never fused */"},
             {"LONE_CHAIN", "(void)"},
             {"MICROKERNEL", "DOUBLE_MICROKERNEL"},
             {"float_pow", "double_pow"},
             {"multiply_add", "double_multiply_add"},
             {"__builtin_fabsf", "__builtin_fabs"},
             {"__builtin_inff", "__builtin_inf"},
             {"__builtin_nanf", "__builtin_nan"},
             {"__builtin_sqrtf", "__builtin_sqrt"}};

enum doubles_kind doubles_kind(const char *template_name, const char **by_hand)
{
    *by_hand = NULL;
    if (!strcmp(template_name, "functions.h") || !strcmp(template_name, "smooth.h")) {
        *by_hand = "double_functions.h";
        return DOUBLES_BY_HAND;
    }
    for (size_t i = 0; i < sizeof written / sizeof *written; i++)
        if (!strcmp(template_name, written[i]))
            return DOUBLES_WRITTEN;
    return DOUBLES_AS_IS;
}

/* ---- tokens ---- */

enum token_kind { TOKEN_END, TOKEN_SPACE, TOKEN_WORD, TOKEN_NUMBER, TOKEN_SIGN };

struct token {
    enum token_kind kind; /* comments and strings are space */
    const char *at;
    size_t length;
};

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static const char *string_end(const char *at)
{
    const char quote = *at++;
    while (*at && *at != quote)
        at += *at == '\\' && at[1] ? 2 : 1;
    return *at ? at + 1 : at;
}

static const char *number_end(const char *at)
{
    const bool hex = at[0] == '0' && (at[1] == 'x' || at[1] == 'X');
    for (; is_word(*at) || *at == '.' || *at == '+' || *at == '-'; at++) {
        const char before = (char)tolower((unsigned char)at[-1]);
        if ((*at == '+' || *at == '-') && before != (hex ? 'p' : 'e'))
            break;
    }
    return at;
}

static struct token next_token(const char *at)
{
    struct token token = {TOKEN_SIGN, at, 1};
    const char *end = at + 1;
    if (!*at) {
        token.kind = TOKEN_END;
        end = at;
    } else if (isspace((unsigned char)*at)) {
        token.kind = TOKEN_SPACE;
    } else if (at[0] == '/' && at[1] == '*') {
        const char *close = strstr(at + 2, "*/");
        token.kind = TOKEN_SPACE;
        end = close ? close + 2 : at + strlen(at);
    } else if (*at == '"' || *at == '\'') {
        token.kind = TOKEN_SPACE;
        end = string_end(at);
    } else if (isdigit((unsigned char)*at) || (*at == '.' && isdigit((unsigned char)at[1]))) {
        token.kind = TOKEN_NUMBER;
        end = number_end(at);
    } else if (is_word(*at)) {
        token.kind = TOKEN_WORD;
        while (is_word(*end))
            end++;
    }
    token.length = (size_t)(end - at);
    return token;
}

static bool is(const struct token *token, const char *text)
{
    return strlen(text) == token->length && !memcmp(token->at, text, token->length);
}

static bool is_tag_word(const struct token *token)
{
    return is(token, "struct") || is(token, "enum") || is(token, "union");
}

/* The first token from `at` on that is no space. */
static struct token next_solid(const char *at)
{
    struct token token = next_token(at);
    while (token.kind == TOKEN_SPACE)
        token = next_token(token.at + token.length);
    return token;
}

/* ---- names ---- */

static bool knows(const char *const *name, int count, const struct token *token)
{
    for (int i = 0; i < count; i++)
        if (is(token, name[i]))
            return true;
    return false;
}

static void take(struct doubles *doubles, bool tag, const struct token *token)
{
    static const char ours[] = "double_", compilers[] = "__";
    if (!strncmp(token->at, ours, sizeof ours - 1) || !strncmp(token->at, compilers, sizeof compilers - 1))
        return;
    const char *name = arena_printf(doubles->arena, "%.*s", (int)token->length, token->at);
    if (tag && !knows(doubles->tag, doubles->tag_count, token))
        *arena_append(doubles->arena, doubles->tag, doubles->tag_count, doubles->tag_capacity) = name;
    else if (!tag && !knows(doubles->name, doubles->name_count, token))
        *arena_append(doubles->arena, doubles->name, doubles->name_count, doubles->name_capacity) = name;
}

/* A line of the preprocessor with those that continue it; takes what it defines. Returns its end. */
static const char *learn_directive(struct doubles *doubles, const char *at)
{
    const struct token word = next_solid(at + 1);
    if (is(&word, "define")) {
        const struct token name = next_solid(word.at + word.length);
        take(doubles, false, &name);
    }
    for (; *at && *at != '\n'; at++)
        at += *at == '\\' && at[1] == '\n';
    return at;
}

/* Where the scan of a template stands. */
struct scan {
    int braces, brackets;
    bool in_enum, in_typedef;
    struct token before, last; /* the solid tokens before */
};

static void learn_token(struct doubles *doubles, struct scan *scan, struct token token)
{
    const char first = *token.at;
    const struct token next = next_solid(token.at + token.length);
    const bool outside = scan->braces == 0 && scan->brackets == 0;
    if (first == '{')
        scan->in_enum = (scan->in_enum && scan->braces) || is(&scan->before, "enum") || is(&scan->last, "enum");
    scan->braces += (first == '{') - (first == '}');
    scan->brackets += (first == '(') - (first == ')');
    scan->in_enum = scan->in_enum && scan->braces;
    scan->in_typedef = (scan->in_typedef || (outside && is(&token, "typedef"))) && !(outside && first == ';');
    if (token.kind == TOKEN_WORD) {
        const bool tag = is_tag_word(&scan->last);
        if (outside && tag && *next.at == '{')
            take(doubles, true, &token);
        else if (scan->in_enum && scan->braces == 1 && (*scan->last.at == '{' || *scan->last.at == ','))
            take(doubles, false, &token);
        else if (outside && !tag && (*next.at == '(' || (scan->in_typedef && *next.at == ';')))
            take(doubles, false, &token);
        else if (!scan->braces && scan->brackets == 1 && *scan->last.at == '(' && *next.at == ')' && !is(&token, "void"))
            take(doubles, false, &token); /* FUNCTION(name) */
    }
    scan->before = scan->last;
    scan->last = token;
}

void doubles_learn(struct doubles *doubles, const char *text)
{
    struct scan scan = {.before = {TOKEN_END, "", 0}, .last = {TOKEN_END, "", 0}};
    for (const char *at = text; *at;) {
        const struct token token = next_token(at);
        if (*at == '#') {
            at = learn_directive(doubles, at);
            continue;
        }
        if (token.kind != TOKEN_SPACE)
            learn_token(doubles, &scan, token);
        at += token.length;
    }
}

/* ---- writing ---- */

static void write_name(struct text *to, const struct token *token)
{
    text_add(to, isupper((unsigned char)*token->at) ? "DOUBLE_" : "double_");
    text_add_bytes(to, token->at, token->length);
}

static void write_word(const struct doubles *doubles, struct text *to, const struct token *token, const struct token *last)
{
    const bool member = is(last, ".") || is(last, ">"); /* the > of -> */
    for (size_t i = 0; !member && i < sizeof words / sizeof *words; i++)
        if (is(token, words[i].of_float)) {
            text_add(to, words[i].of_double);
            return;
        }
    if (is_tag_word(last) ? knows(doubles->tag, doubles->tag_count, token)
                          : !member && knows(doubles->name, doubles->name_count, token))
        write_name(to, token);
    else
        text_add_bytes(to, token->at, token->length);
}

/* Without the f of a float. */
static size_t literal_length(const struct token *token)
{
    const bool hex = token->length > 1 && tolower((unsigned char)token->at[1]) == 'x';
    const bool real = memchr(token->at, '.', token->length) || memchr(token->at, hex ? 'p' : 'e', token->length);
    return token->length - (real && token->at[token->length - 1] == 'f');
}

void doubles_write(const struct doubles *doubles, struct text *to, const char *text, bool literals)
{
    struct token last = {TOKEN_END, "", 0}, token;
    bool arrow = false;
    for (token = next_token(text); token.kind != TOKEN_END; token = next_token(token.at + token.length)) {
        if (token.kind == TOKEN_WORD)
            write_word(doubles, to, &token, is(&last, ">") && !arrow ? &(struct token){TOKEN_SIGN, "", 0} : &last);
        else
            text_add_bytes(to, token.at, token.kind == TOKEN_NUMBER && literals ? literal_length(&token) : token.length);
        if (token.kind != TOKEN_SPACE) {
            arrow = is(&token, ">") && is(&last, "-");
            last = token;
        }
    }
}
