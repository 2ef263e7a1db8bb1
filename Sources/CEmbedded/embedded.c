#include "CEmbedded.h"

// `#embed` is of C23: the compiler takes it in older C, too, and says so.
#pragma clang diagnostic ignored "-Wc23-extensions"

#define ARRAY(name) static const unsigned char name[]

ARRAY(index_html) = {
#embed "dashboard/index.html"
};
ARRAY(style_css) = {
#embed "dashboard/style.css"
};
ARRAY(app_js) = {
#embed "dashboard/app.js"
};
ARRAY(api_js) = {
#embed "dashboard/api.js"
};
ARRAY(dom_js) = {
#embed "dashboard/dom.js"
};
ARRAY(format_js) = {
#embed "dashboard/format.js"
};
ARRAY(charts_js) = {
#embed "dashboard/charts.js"
};
ARRAY(table_js) = {
#embed "dashboard/table.js"
};
ARRAY(functions_js) = {
#embed "dashboard/functions.js"
};
ARRAY(function_js) = {
#embed "dashboard/function.js"
};
ARRAY(traffic_js) = {
#embed "dashboard/traffic.js"
};
ARRAY(logs_js) = {
#embed "dashboard/logs.js"
};
ARRAY(invocations_js) = {
#embed "dashboard/invocations.js"
};
ARRAY(starts_js) = {
#embed "dashboard/starts.js"
};
ARRAY(pool_js) = {
#embed "dashboard/pool.js"
};
ARRAY(query_js) = {
#embed "dashboard/query.js"
};
ARRAY(openapi_json) = {
#embed "openapi.json"
};

#define HTML "text/html; charset=utf-8"
#define CSS "text/css; charset=utf-8"
#define JAVASCRIPT "text/javascript; charset=utf-8"

static const struct roost_embedded_file files[] = {
    {"/ui", HTML, index_html, sizeof index_html},
    {"/ui/style.css", CSS, style_css, sizeof style_css},
    {"/ui/app.js", JAVASCRIPT, app_js, sizeof app_js},
    {"/ui/api.js", JAVASCRIPT, api_js, sizeof api_js},
    {"/ui/dom.js", JAVASCRIPT, dom_js, sizeof dom_js},
    {"/ui/format.js", JAVASCRIPT, format_js, sizeof format_js},
    {"/ui/charts.js", JAVASCRIPT, charts_js, sizeof charts_js},
    {"/ui/table.js", JAVASCRIPT, table_js, sizeof table_js},
    {"/ui/functions.js", JAVASCRIPT, functions_js, sizeof functions_js},
    {"/ui/function.js", JAVASCRIPT, function_js, sizeof function_js},
    {"/ui/traffic.js", JAVASCRIPT, traffic_js, sizeof traffic_js},
    {"/ui/logs.js", JAVASCRIPT, logs_js, sizeof logs_js},
    {"/ui/invocations.js", JAVASCRIPT, invocations_js, sizeof invocations_js},
    {"/ui/starts.js", JAVASCRIPT, starts_js, sizeof starts_js},
    {"/ui/pool.js", JAVASCRIPT, pool_js, sizeof pool_js},
    {"/ui/query.js", JAVASCRIPT, query_js, sizeof query_js},
    {"/openapi.json", "application/json", openapi_json, sizeof openapi_json},
};

const struct roost_embedded_file *roost_embedded_file_at(size_t index) {
    return index < sizeof files / sizeof files[0] ? &files[index] : NULL;
}
