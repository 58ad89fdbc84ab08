/* einsum.c -- Einsum: sums of products over labelled axes. */
/* SPDX-License-Identifier: MIT */
#include "einsum.h"

#include "rows.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

/* Names of labels while the equation is read: letters, and '0' + i for axis i of the ellipsis, counted from its end. */
struct equation {
    const struct node *node;
    char term[MAX_TERMS + 1][MAX_RANK]; /* the last: the result */
    int rank[MAX_TERMS + 1];
    int terms, ellipsis;
};

static void add_label(struct equation *e, int term, char label)
{
    if (e->rank[term] == MAX_RANK)
        node_fail(e->node, "a term of the equation has more than %d axes", MAX_RANK);
    e->term[term][e->rank[term]++] = label;
}

/* Letters of one term; an ellipsis stands for `hidden` axes. Returns whether there was one. */
static bool read_term(struct equation *e, int term, const char *text, size_t length, int hidden)
{
    bool found = false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == ' ')
            continue;
        if (isalpha((unsigned char)text[i])) {
            add_label(e, term, text[i]);
        } else if (!found && i + 2 < length && !strncmp(text + i, "...", 3)) {
            found = true;
            i += 2;
            for (int k = hidden - 1; k >= 0; k--)
                add_label(e, term, (char)('0' + k));
        } else {
            node_fail(e->node, "the equation holds '%.1s' where a letter or ... is expected", text + i);
        }
    }
    return found;
}

static int letters(const char *text, size_t length)
{
    int count = 0;
    for (size_t i = 0; i < length; i++)
        count += isalpha((unsigned char)text[i]) != 0;
    return count;
}

static void read_input_terms(struct equation *e, const char *text, const char *end)
{
    for (;;) {
        const char *comma = memchr(text, ',', (size_t)(end - text)), *stop = comma ? comma : end;
        const size_t length = (size_t)(stop - text);
        if (e->terms == MAX_TERMS || e->terms == e->node->input_count)
            node_fail(e->node, "the equation has more terms than there are inputs (%d; at most %d)",
                      e->node->input_count, MAX_TERMS);
        const int rank = e->node->input[e->terms]->shape.rank, hidden = rank - letters(text, length);
        if (hidden < 0)
            node_fail(e->node, "term %d of the equation has more labels than input %d of rank %d has axes", e->terms,
                      e->terms, rank);
        if (read_term(e, e->terms, text, length, hidden) && hidden > e->ellipsis)
            e->ellipsis = hidden;
        if (e->rank[e->terms] != rank)
            node_fail(e->node, "term %d of the equation has %d labels but the input has rank %d", e->terms,
                      e->rank[e->terms], rank);
        e->terms++;
        if (!comma)
            break;
        text = comma + 1;
    }
    if (e->terms != e->node->input_count)
        node_fail(e->node, "the equation has %d terms but there are %d inputs", e->terms, e->node->input_count);
}

/* Without an arrow: the ellipsis, then letters that come once, in alphabetical order. */
static void read_implicit_result(struct equation *e)
{
    for (int k = e->ellipsis - 1; k >= 0; k--)
        add_label(e, MAX_TERMS, (char)('0' + k));
    for (int letter = 'A'; letter <= 'z'; letter++) {
        int count = 0;
        for (int t = 0; t < e->terms && isalpha(letter); t++)
            for (int a = 0; a < e->rank[t]; a++)
                count += e->term[t][a] == letter;
        if (count == 1)
            add_label(e, MAX_TERMS, (char)letter);
    }
}

static int find_label(struct einsum *einsum, char names[MAX_LABELS], char name)
{
    for (int i = 0; i < einsum->labels; i++)
        if (names[i] == name)
            return i;
    if (einsum->labels == MAX_LABELS)
        return -1;
    names[einsum->labels] = name;
    einsum->size[einsum->labels] = 1;
    return einsum->labels++;
}

static struct equation read_equation(const struct node *node)
{
    struct equation e = {.node = node};
    const char *text = node_string(node, "equation", NULL);
    if (!text)
        node_fail(node, "equation is missing");
    const char *arrow = strstr(text, "->");
    for (int i = 0; i < node->input_count; i++)
        if (!node->input[i])
            node_fail(node, "input %d is missing", i);
    read_input_terms(&e, text, arrow ? arrow : text + strlen(text));
    if (arrow)
        read_term(&e, MAX_TERMS, arrow + 2, strlen(arrow + 2), e.ellipsis);
    else
        read_implicit_result(&e);
    return e;
}

struct einsum einsum_of(const struct node *node)
{
    struct equation e = read_equation(node);
    struct einsum einsum = {.terms = e.terms};
    char names[MAX_LABELS] = {0};
    for (int a = 0; a < e.rank[MAX_TERMS]; a++)
        if (find_label(&einsum, names, e.term[MAX_TERMS][a]) != a)
            node_fail(node, "the result of the equation names '%c' twice", e.term[MAX_TERMS][a]);
    einsum.kept = einsum.labels;
    for (int t = 0; t < e.terms; t++)
        for (int a = 0; a < e.rank[t]; a++) {
            int label = find_label(&einsum, names, e.term[t][a]);
            int64_t size = node->input[t]->shape.dim[a];
            if (label < 0)
                node_fail(node, "the equation has more than %d labels", MAX_LABELS);
            if (einsum.size[label] != 1 && size != 1 && einsum.size[label] != size)
                node_fail(node, "'%c' is %" PRId64 " and %" PRId64 " long", names[label], einsum.size[label], size);
            if (size != 1)
                einsum.size[label] = size;
            einsum.axis[t][a] = label;
        }
    for (int t = 0; t < e.terms; t++)
        for (int a = 0; a < e.rank[t]; a++)
            if (node->input[t]->shape.dim[a] == 1)
                einsum.axis[t][a] = -1;
    for (int i = 0; i < einsum.kept; i++) {
        bool known = false;
        for (int t = 0; t < e.terms; t++)
            for (int a = 0; a < e.rank[t]; a++)
                known |= e.term[t][a] == names[i];
        if (!known)
            node_fail(node, "the result of the equation names '%c', which no term has", names[i]);
    }
    return einsum;
}

static void infer(struct graph *graph, struct node *node)
{
    (void)graph;
    struct einsum einsum = einsum_of(node);
    for (int i = 1; i < node->input_count; i++)
        input_same_type(node, i);
    output_set(node, 0, node->input[0]->type, shape_of(einsum.kept, einsum.size));
}

/* Steps `at` over labels [begin, end); false after the last. */
static bool next_labels(const struct einsum *einsum, int begin, int end, int64_t at[])
{
    for (int i = end - 1; i >= begin; i--) {
        if (++at[i] < einsum->size[i])
            return true;
        at[i] = 0;
    }
    return false;
}

static int64_t term_offset(const struct einsum *einsum, const struct tensor *x, int term, const int64_t at[])
{
    int64_t index[MAX_RANK];
    for (int a = 0; a < x->shape.rank; a++)
        index[a] = einsum->axis[term][a] < 0 ? 0 : at[einsum->axis[term][a]];
    return shape_offset(x->shape, index);
}

static void evaluate(const struct node *node, const void *const input[], void *const output[])
{
    struct einsum einsum = einsum_of(node);
    const struct tensor *y = node->output[0];
    const bool real = type_is_float(y->type);
    int64_t at[MAX_LABELS] = {0}, size = shape_size(y->shape), summed = 1;
    for (int i = einsum.kept; i < einsum.labels; i++)
        summed *= einsum.size[i];
    for (int64_t i = 0; i < size; i++, next_labels(&einsum, 0, einsum.kept, at)) {
        double sum = 0;
        uint64_t whole = 0;
        for (int64_t k = 0; k < summed; k++, next_labels(&einsum, einsum.kept, einsum.labels, at)) {
            double product = 1;
            uint64_t integer = 1;
            for (int t = 0; t < einsum.terms; t++) {
                int64_t offset = term_offset(&einsum, node->input[t], t, at);
                if (real)
                    product *= element_real(y->type, input[t], offset);
                else
                    integer *= (uint64_t)element_integer(y->type, input[t], offset);
            }
            sum += product;
            whole += integer;
        }
        if (real)
            element_set_real(y->type, output[0], i, sum);
        else
            element_set_integer(y->type, output[0], i, (int64_t)whole);
    }
}

static struct region reads(const struct node *node, int input, int output, struct region region)
{
    (void)output;
    struct einsum einsum = einsum_of(node);
    struct region need = region_whole(node->input[input]->shape);
    for (int a = 0; a < need.rank; a++)
        if (einsum.axis[input][a] >= 0 && einsum.axis[input][a] < einsum.kept)
            need.axis[a] = region.axis[einsum.axis[input][a]];
    return need;
}

static int64_t macs(const struct node *node, struct region region)
{
    struct einsum einsum = einsum_of(node);
    int64_t each = einsum.terms > 1 ? einsum.terms - 1 : 1;
    for (int i = einsum.kept; i < einsum.labels; i++)
        each *= einsum.size[i];
    return region_size(region) * each;
}

const struct op einsum_rows[] = {
    {.type = "Einsum",
     .domain = "",
     .since_version = 12,
     .min_inputs = 1,
     .max_inputs = MAX_TERMS,
     .max_outputs = 1,
     .types = TYPES_NUMBER,
     .attributes = "equation ",
     .infer = infer,
     .evaluate = evaluate,
     .reads = reads,
     .macs = macs},
    {.type = NULL},
};
