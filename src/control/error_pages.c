/* The files of `error_pages` into the settings, each file once. Called by mapping_file.c. */

#include "error_pages.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/hash.h"

struct page_reading {
    /* borrowed */
    struct settings *settings;
    struct problems *problems;
    /* owned */
    struct string_map texts; /* path -> index into settings.page_texts */
};

/* -1: it was complained about. */
static int read_text(struct page_reading *reading, const struct delivery_settings *delivery,
                     struct text path, size_t *index_out)
{
    struct settings *settings = reading->settings;
    char *name = text_to_heap(path);
    char *text = NULL;
    size_t len = 0;
    struct err err;
    int status = file_read(name, ERROR_PAGE_BYTES, &text, &len, &err);

    free(name);
    if (status < 0) {
        problems_error(reading->problems, settings, delivery->place, "error_pages: %s", err.text);
        return -1;
    }
    settings->page_texts[settings->page_text_count] =
        arena_text(&settings->arena, text_make(text, len));
    free(text);
    *index_out = settings->page_text_count++;
    string_map_put(&reading->texts, path, *index_out);
    return 0;
}

static int find_text(struct page_reading *reading, const struct delivery_settings *delivery,
                     struct text path, size_t *index_out)
{
    if (string_map_get(&reading->texts, path, index_out))
        return 0;
    if (reading->settings->page_text_count < PAGE_TEXTS_MAX)
        return read_text(reading, delivery, path, index_out);
    problems_error(reading->problems, reading->settings, delivery->place,
                   "error_pages: more than %d different files", PAGE_TEXTS_MAX);
    return -1;
}

static void read_pages(struct page_reading *reading, struct delivery_settings *delivery)
{
    const struct text_map *wanted = &delivery->policy.error_pages;

    delivery->pages = arena_new(&reading->settings->arena, wanted->count, sizeof(*delivery->pages));
    for (size_t i = 0; i < wanted->count; i++) {
        struct error_page *page = &delivery->pages[delivery->page_count];
        uint64_t status = 0;

        text_to_u64(wanted->pairs[i].name, &status); /* its row has checked it */
        page->status = (int)status;
        if (find_text(reading, delivery, wanted->pairs[i].value, &page->text) == 0)
            delivery->page_count++;
    }
}

void error_pages_load(struct settings *settings, struct problems *problems)
{
    struct page_reading reading = { .settings = settings, .problems = problems };

    settings->page_texts =
        arena_new(&settings->arena, PAGE_TEXTS_MAX, sizeof(*settings->page_texts));
    read_pages(&reading, &settings->delivery);
    for (size_t i = 0; i < settings->domain_count; i++)
        if (settings->domains[i].delivery != &settings->delivery)
            read_pages(&reading, settings->domains[i].delivery);
    string_map_done(&reading.texts);
}
