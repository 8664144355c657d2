/* Command lines by tables. Used by main.c; runs nothing, prints nothing. */

#include "arguments.h"

#include <stdint.h>
#include <string.h>

#include "model/nearest.h"

#define HELP_COLUMN 24

static const struct option_row *find_option(const struct subcommand *subcommand, struct text name)
{
    for (size_t i = 0; i < OPTIONS_MAX && subcommand->options[i]; i++) {
        const struct option_row *row = subcommand->options[i];

        if (text_equal(text_of(row->name), name) ||
            (row->brief && text_equal(text_of(row->brief), name)))
            return row;
    }
    return NULL;
}

static int unknown_option(const struct subcommand *subcommand, struct text name, struct err *err)
{
    struct nearest nearest;

    nearest_start(&nearest, name);
    for (size_t i = 0; i < OPTIONS_MAX && subcommand->options[i]; i++)
        nearest_offer(&nearest, text_of(subcommand->options[i]->name));
    if (nearest.best.len)
        return err_set(err, "unknown option %.*s; did you mean %.*s?", TEXT_ARGS(name),
                       TEXT_ARGS(nearest.best));
    return err_set(err, "unknown option %.*s", TEXT_ARGS(name));
}

static int set_value(const struct option_row *row, struct arguments *arguments, const char *value,
                     struct err *err)
{
    const char **member = (const char **)(void *)((char *)arguments + row->offset);

    if (*member)
        return err_set(err, "%s is given twice", row->name);
    *member = value;
    return 0;
}

/* One option at words[0]; returns how many words it took, or -1. */
static int take_option(const struct subcommand *subcommand, int count, char **words,
                       struct arguments *arguments, struct err *err)
{
    struct text name;
    struct text value;
    bool has_value = text_split(text_of(words[0]), '=', &name, &value);
    const struct option_row *row = find_option(subcommand, name);

    if (!row)
        return unknown_option(subcommand, name, err);
    if (!row->value) {
        if (has_value)
            return err_set(err, "%s takes no value", row->name);
        *(bool *)(void *)((char *)arguments + row->offset) = true;
        return 1;
    }
    /* The value ends where the word ends, so it is terminated. */
    if (has_value)
        return set_value(row, arguments, value.at, err) < 0 ? -1 : 1;
    if (count < 2)
        return err_set(err, "%s needs %s behind it", row->name, row->value);
    return set_value(row, arguments, words[1], err) < 0 ? -1 : 2;
}

static int take_word(const struct subcommand *subcommand, const char *word,
                     struct arguments *arguments, struct err *err)
{
    if (arguments->word_count >= subcommand->words_most)
        return err_set(err, "\"%s\" is one word too many", word);
    arguments->words[arguments->word_count++] = word;
    return 1;
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int arguments_parse(const struct subcommand *subcommand, int count, char **words,
                    struct arguments *arguments_out, struct err *err)
{
    struct arguments arguments = { 0 };
    bool only_words = false;
    int taken;

    for (int i = 0; i < count; i += taken) {
        taken = 1;
        if (!only_words && is_help(words[i]))
            arguments.help = true;
        else if (!only_words && strcmp(words[i], "--") == 0)
            only_words = true;
        else if (!only_words && words[i][0] == '-' && words[i][1])
            taken = take_option(subcommand, count - i, words + i, &arguments, err);
        else
            taken = take_word(subcommand, words[i], &arguments, err);
        if (taken < 0)
            return -1;
    }
    if (!arguments.help && arguments.word_count < subcommand->words_least)
        return err_set(err, "%s is missing", subcommand->words);
    *arguments_out = arguments;
    return 0;
}

static void write_row(struct buffer *out, const char *brief, const char *name, const char *value,
                      const char *help)
{
    size_t start = buffer_len(out);

    buffer_format(out, "  %s%s%s", brief ? brief : "", brief ? ", " : "", name);
    if (value)
        buffer_format(out, " %s", value);
    do
        buffer_append_byte(out, ' ');
    while (buffer_len(out) - start < HELP_COLUMN);
    buffer_format(out, "%s\n", help);
}

void arguments_write_help(const struct subcommand *subcommand, struct buffer *out)
{
    buffer_format(out, "Use: swarmward %s%s%s%s\n\n%s\n", subcommand->name,
                  subcommand->options[0] ? " [OPTION]..." : "", subcommand->words ? " " : "",
                  subcommand->words ? subcommand->words : "", subcommand->text);
    buffer_format(out, "\nOptions:\n");
    for (size_t i = 0; i < OPTIONS_MAX && subcommand->options[i]; i++) {
        const struct option_row *row = subcommand->options[i];

        write_row(out, row->brief, row->name, row->value, row->help);
    }
    write_row(out, "-h", "--help", NULL, "say this");
}
