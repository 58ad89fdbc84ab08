/* emit.c -- the generated folder. */
/* SPDX-License-Identifier: MIT */
#include "emit.h"

#include "cluster_file.h"
#include "config.h"
#include "device_source.h"
#include "names.h"
#include "template.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

/* BLAKE2b over everything that the devices' programs consist of: code, plan, tables, and the weights' digests. */
static void make_fingerprint(const struct device_file *file, int count, unsigned char fingerprint[32])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, 32);
    for (int d = 0; d < count; d++) {
        crypto_generichash_update(&state, (const unsigned char *)file[d].body, strlen(file[d].body));
        crypto_generichash_update(&state, (const unsigned char *)file[d].weights, strlen(file[d].weights));
    }
    crypto_generichash_final(&state, fingerprint, 32);
}

static void write_device(struct folder *folder, struct arena *arena, int device, struct device_file *file,
                         const unsigned char fingerprint[32])
{
    struct text text = {.arena = arena};
    text_add(&text, file->body);
    text_add(&text, "\nstatic const unsigned char fingerprint[MEDNN_FINGERPRINT_BYTES] = {");
    for (int i = 0; i < 32; i++)
        text_printf(&text, "%s0x%02x,", i % 16 ? " " : "\n    ", fingerprint[i]);
    text_add(&text, "\n};\n\n/* ---- weights ---- */\n\n");
    text_add(&text, file->weights);
    folder_write(folder, arena_printf(arena, "device%d.c", device), text.bytes, text.length);
    file->facts.text_bytes = (int64_t)text.length;
}

static const char *architecture_flags(const char *target)
{
    static const struct {
        const char *target, *flags;
    } known[] = {{"x86-64-v3", "-march=x86-64-v3"},
                 {"x86-64-v4", "-march=x86-64-v4"},
                 {"armv8-a", "-march=armv8-a"},
                 {"armv7-neon", "-march=armv7-a+neon-vfpv4 -mfloat-abi=hard"}};
    for (size_t i = 0; target && i < sizeof known / sizeof *known; i++)
        if (!strcmp(target, known[i].target))
            return known[i].flags;
    return "$(shell $(CC) -dumpmachine | grep -q \"^$$(uname -m)-\" && echo -march=native)";
}

/* Runtime objects other than the main program, which is compiled once per device. */
static const char *runtime_objects(struct arena *arena)
{
    struct text text = {.arena = arena};
    for (const struct embedded_file *file = runtime_files; file->name; file++) {
        size_t length = strlen(file->name);
        if (file->name[length - 1] == 'c' && strcmp(file->name, "main.c"))
            text_printf(&text, "%sruntime/%.*s.o", text.length ? " " : "", (int)length - 2, file->name);
    }
    return text.bytes ? text.bytes : "";
}

static void write_makefile(struct folder *folder, const struct program *program, const char *prefix,
                           const struct device_file *file)
{
    struct arena *arena = program->plan->graph->arena;
    const struct cluster *cluster = program->plan->cluster;
    struct text devices = {.arena = arena}, rules = {.arena = arena}, text = {.arena = arena};
    for (int d = 0; d < cluster->count; d++) {
        text_printf(&devices, "%sdevice%d", d ? " " : "", d);
        text_printf(&rules,
                    "device%d: device%d.o main%d.o $(RUNTIME)\n"
                    "\t$(CC) $(ARCHFLAGS) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^ $(LDLIBS)\n"
                    "device%d.o: device%d.c%s mednn_model.h runtime/mednn_runtime.h\n"
                    "\t$(COMPILE) -c -o $@ $<\n"
                    "main%d.o: runtime/main.c mednn_model.h $(wildcard runtime/*.h)\n"
                    "\t$(COMPILE) -DMEDNN_PROGRAM=%s_device%d -c -o $@ $<\n",
                    d, d, d, d, d,
                    file[d].includes_weights ? arena_printf(arena, " device%d.weights", d) : "", d, prefix, d);
        if (cluster->device[d].target)
            text_printf(&rules, "device%d device%d.o main%d.o: ARCHFLAGS = %s\n", d, d, d,
                        architecture_flags(cluster->device[d].target));
        text_add(&rules, "\n");
    }
    template_expand(&text, "devices.mk.in",
                    (struct substitution[]){{"MODEL", prefix},
                                            {"ARCHFLAGS", architecture_flags(NULL)},
                                            {"DEVICE_LIST", devices.bytes},
                                            {"DEVICE_RULES", rules.bytes},
                                            {"RUNTIME_OBJECTS", runtime_objects(arena)},
                                            {NULL, NULL}});
    folder_write(folder, "Makefile", text.bytes, text.length);
}

static const char *describe_tensors(struct arena *arena, const char *capitals, const char *kind,
                                    struct tensor *const *tensor, int count)
{
    struct text text = {.arena = arena};
    text_printf(&text, "#define %s_%sS %d\n", capitals, kind, count);
    for (int i = 0; i < count; i++) {
        const struct tensor *t = tensor[i];
        int64_t size = shape_size(t->shape);
        text_printf(&text, "#define %s_%s_%d_NAME \"%s\"\n", capitals, kind, i, text_escape_literal(arena, t->name));
        text_printf(&text, "#define %s_%s_%d_TYPE %d /* %s */\n", capitals, kind, i, t->type, type_name(t->type));
        text_printf(&text, "#define %s_%s_%d_RANK %d\n", capitals, kind, i, t->shape.rank);
        for (int a = 0; a < t->shape.rank; a++)
            text_printf(&text, "#define %s_%s_%d_DIM_%d %" PRId64 "\n", capitals, kind, i, a, t->shape.dim[a]);
        text_printf(&text, "#define %s_%s_%d_ELEMENTS %" PRId64 "\n", capitals, kind, i, size);
        text_printf(&text, "#define %s_%s_%d_BYTES %" PRId64 "\n", capitals, kind, i,
                    size * (int64_t)type_size(t->type));
    }
    return text.bytes;
}

static void write_model_header(struct folder *folder, const struct program *program,
                               const struct emit_options *options, const char *prefix,
                               const struct device_file *file)
{
    const struct graph *graph = program->plan->graph;
    struct arena *arena = graph->arena;
    const char *capitals = names_capitals(arena, prefix);
    int count = program->plan->cluster->count;
    struct text sizes = {.arena = arena}, programs = {.arena = arena}, text = {.arena = arena};
    for (int d = 0; d < count; d++) {
        const struct {
            const char *name;
            int64_t value;
        } figure[] = {{"ARENA_BYTES", file[d].arena_bytes},
                      {"ACTIVATION_BYTES", program_activation_bytes(program, d)},
                      {"SCRATCH_BYTES", program_scratch_bytes(program, d)},
                      {"WEIGHTS_BYTES", file[d].facts.weights_bytes},
                      {"MACS", file[d].macs},
                      {"BYTES_SENT", program_bytes_sent(program, d)},
                      {"BYTES_RECEIVED", program_bytes_received(program, d)}};
        for (size_t i = 0; i < sizeof figure / sizeof *figure; i++)
            text_printf(&sizes, "#define %s_DEVICE%d_%s %" PRId64 "\n", capitals, d, figure[i].name, figure[i].value);
        text_printf(&programs, "extern const struct mednn_program %s_device%d;\n", prefix, d);
    }
    template_expand(&text, "mednn_model.h.in",
                    (struct substitution[]){
                        {"MODEL", prefix},
                        {"VERSION", PACKAGE_VERSION},
                        {"OPTIONS", options->options_text},
                        {"GUARD", arena_printf(arena, "%s_MEDNN_MODEL_H", capitals)},
                        {"CAPITALS", capitals},
                        {"DEVICES", arena_printf(arena, "%d", count)},
                        {"PLURAL", count == 1 ? "" : "s"},
                        {"INPUTS", describe_tensors(arena, capitals, "INPUT", graph->input, graph->input_count)},
                        {"OUTPUTS", describe_tensors(arena, capitals, "OUTPUT", graph->output, graph->output_count)},
                        {"DEVICE_SIZES", sizes.bytes},
                        {"PROGRAMS", programs.bytes},
                        {NULL, NULL}});
    folder_write(folder, "mednn_model.h", text.bytes, text.length);
}

void emit_tree(struct folder *folder, const struct program *program, const struct emit_options *options,
               struct device_facts *facts)
{
    struct arena *arena = program->plan->graph->arena;
    int count = program->plan->cluster->count;
    const char *prefix = names_prefix(arena, options->model_path);
    struct device_file *file = arena_array(arena, (size_t)count, sizeof *file);
    struct scratch scratch = {0};
    unsigned char fingerprint[32];
    for (int d = 0; d < count; d++)
        file[d] = device_file_write(folder, program, d, options, &scratch);
    make_fingerprint(file, count, fingerprint);
    for (int d = 0; d < count; d++) {
        write_device(folder, arena, d, &file[d], fingerprint);
        facts[d] = file[d].facts;
    }
    write_makefile(folder, program, prefix, file);
    write_model_header(folder, program, options, prefix, file);
    for (const struct embedded_file *embedded = runtime_files; embedded->name; embedded++)
        folder_write(folder, arena_printf(arena, "runtime/%s", embedded->name), embedded->text,
                     strlen(embedded->text));
    cluster_file_write(arena, folder, program->plan->cluster);
}
