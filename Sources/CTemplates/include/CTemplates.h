// The files of functions/templates, as they were when this was compiled.
#ifndef CTEMPLATES_H
#define CTEMPLATES_H

#include <stddef.h>

struct template_file {
    // From functions/templates on.
    const char *path;
    const unsigned char *bytes;
    size_t count;
};

// NULL beyond the last one. What it points to is constant and never goes away.
const struct template_file *template_file_at(size_t index);

#endif
