# The catalogue (messages.def) as sections of mdoc, for ringfence-bus(7): what a field means stands there in
# comments, which the compiler's macros do not see. In the second file the line "@MESSAGES@" is replaced by them,
# and "@EVENTS@" by the types of events, by their first word:
#
#     awk -f messages.awk messages.def ringfence-bus.7.in > ringfence-bus.7
#     awk -f messages.awk messages.def ringfence-events.7.in > ringfence-events.7

function text(words) { # a line in which nothing is taken for a macro
    gsub(/\\/, "\\e", words)
    return "\\&" words
}

function add(line) {
    if (of_events)
        events = events line "\n"
    else
        catalogue = catalogue line "\n"
}

function close_list() {
    if (listing)
        add(".El")
    listing = 0
}

function open_list() {
    if (!listing)
        add(".Bl -tag -width Ds")
    listing = 1
}

# The arguments of the macro at the beginning of the line: args[1] and so on, without quotes; `rest` is what
# stands behind it.
function parse(line,    at, c, depth, quoted, count, word) {
    split("", args)
    count = 1
    word = ""
    depth = 0
    quoted = 0
    for (at = index(line, "(") + 1; at <= length(line); at++) {
        c = substr(line, at, 1)
        if (c == "\"")
            quoted = !quoted
        else if (!quoted && c == ")" && depth == 0)
            break
        else if (!quoted && c == ",") {
            args[count++] = word
            word = ""
            sub(/^ */, "", word)
        } else if (!(c == " " && word == "" && !quoted))
            word = word c
    }
    args[count] = word
    rest = substr(line, at + 1)
}

function comment_of(line,    at) {
    at = index(line, "//")
    if (at == 0)
        return ""
    line = substr(line, at + 2)
    sub(/^ */, "", line)
    return line
}

function range(least, most) {
    if (most == "INT64_MAX")
        return least == "0" ? "0 or more" : least " or more"
    return least " to " most
}

function kind_of(macro) {
    if (macro == "STR") return "text"
    if (macro == "I64") return "integer, " range(args[3], args[4])
    if (macro == "BOOL") return "true or false"
    if (macro == "JSON") return "map or array"
    if (macro == "BIN") return "bytes"
    if (macro == "STRS") return "array of texts"
    return "array of " args[3]
}

function end_field() {
    if (field == "")
        return
    if (!fields)
        add(".Bl -tag -width Ds -compact")
    fields = 1
    add(".It Li " field)
    add(text("(" kind ", " need ")" (words != "" ? " " words : "")))
    field = ""
}

function end_entry() {
    end_field()
    if (fields)
        add(".El")
    fields = 0
}

FILENAME != first_file && first_file != "" {
    close_list()
    if ($0 == "@MESSAGES@") {
        printf "%s", catalogue
    } else if ($0 == "@EVENTS@") {
        printf "%s", events
    } else
        print
    next
}

FNR == 1 { first_file = FILENAME }

/^\/\/ clang-format on/ { inside = 0 }
!inside {
    if (/^\/\/ clang-format off/)
        inside = 1
    next
}

/^\/\/ ---- / {
    close_list()
    title = $0
    gsub(/^\/\/ -+ | -+$/, "", title)
    of_events = title == "event types"
    if (of_events)
        next
    add(".Ss Catalogue: " title)
    next
}

# A remark before a message.
/^\/\/ / {
    remark = remark (remark != "" ? " " : "") substr($0, 4)
    next
}

/^(MESSAGE|ITEM|EVENT)\(/ {
    macro = substr($0, 1, index($0, "(") - 1)
    parse($0)
    if (remark != "") {
        close_list()
        add(".Pp\n" text(remark))
        remark = ""
    }
    if (macro == "EVENT") {
        split(args[2], words_of, ".")
        if (words_of[1] != area) {
            close_list()
            area = words_of[1]
            add(".Ss " area)
        }
    }
    open_list()
    if (macro == "MESSAGE") {
        add(".It Li " args[2])
        add(text(args[3] ": " args[4] "."))
    } else if (macro == "ITEM") {
        add(".It Va " args[1])
        add(text(args[2] "."))
    } else {
        add(".It Li " args[2])
        add(text("(" args[3] ") " args[4] "."))
    }
    next
}

/^END\(/ {
    end_entry()
    next
}

/^  [A-Z0-9]+\(/ {
    end_field()
    sub(/^ +/, "")
    macro = substr($0, 1, index($0, "(") - 1)
    parse($0)
    field = args[1]
    kind = kind_of(macro)
    need = args[2] == "REQ" ? "required" : "optional"
    words = comment_of(rest)
    next
}

# The words about a field go on.
/^ +\/\/ / {
    more = comment_of($0)
    words = words (words != "" ? " " : "") more
}
