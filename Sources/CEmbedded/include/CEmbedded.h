// Files that are part of the program: the dashboard and the description of the API.
#ifndef CEMBEDDED_H
#define CEMBEDDED_H

#include <stddef.h>

/// A file as it stands in the source tree.
struct roost_embedded_file {
    /// Where it is served.
    const char *path;
    /// Its Content-Type.
    const char *type;
    /// The content, which is there for as long as the process is.
    const unsigned char *bytes;
    size_t size;
};

/// The file at an index; NULL behind the last one.
const struct roost_embedded_file *roost_embedded_file_at(size_t index);

#endif
