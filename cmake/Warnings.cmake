# Every target of ours links rf_warnings: what the compiler can tell us, it tells as an error.
add_library(rf_warnings INTERFACE)
target_compile_options(rf_warnings INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
  -Wformat=2 -Werror -fno-common)
target_compile_definitions(rf_warnings INTERFACE _GNU_SOURCE RF_VERSION="${PROJECT_VERSION}")
target_include_directories(rf_warnings INTERFACE
  ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/common)
if(RF_CRASH_POINTS)
  target_compile_definitions(rf_warnings INTERFACE RF_CRASH_POINTS)
endif()
if(RF_SANITIZE)
  target_compile_options(rf_warnings INTERFACE
    -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(rf_warnings INTERFACE -fsanitize=address,undefined)
endif()
if(RF_FUZZ) # what is new to libFuzzer is told by what it ran through
  target_compile_options(rf_warnings INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(rf_warnings INTERFACE -fstack-protector-strong)
  target_compile_definitions(rf_warnings INTERFACE _FORTIFY_SOURCE=2)
endif()
