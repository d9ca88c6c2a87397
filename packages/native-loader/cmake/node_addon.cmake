# Builds a Node-API addon, one binary per platform for every Node version from 20.19 on.
#
#   conveyor_add_node_addon(target OUTPUT_NAME name SOURCES file...)
#
# makes name.node in the build folder. The headers are asked of node, from the folder of the calling CMakeLists.txt:
# its package depends on node-api-headers. Cache entries: NODE_API_HEADERS_DIR, and CONVEYOR_SANITIZE (thread, or
# address,undefined).

# Asks node where a package keeps its headers; an absolute path, whatever the layout of node_modules.
function(conveyor_find_headers variable package expression header)
  if(NOT ${variable})
    find_program(CONVEYOR_NODE_PROGRAM NAMES node nodejs)
    if(CONVEYOR_NODE_PROGRAM)
      execute_process(
        COMMAND "${CONVEYOR_NODE_PROGRAM}" -p "${expression}"
        WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}"
        OUTPUT_VARIABLE answer OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
      set(${variable} "${answer}" CACHE PATH "Headers of ${package}" FORCE)
    endif()
  endif()
  if(NOT EXISTS "${${variable}}/${header}")
    message(FATAL_ERROR
      "${header} of ${package} was not found (${variable}='${${variable}}'). "
      "Install the packages of this project first, or pass -D${variable}=<folder>.")
  endif()
endfunction()

set(CONVEYOR_SANITIZE "" CACHE STRING "Sanitizers: thread or address,undefined")

function(conveyor_add_node_addon target)
  cmake_parse_arguments(PARSE_ARGV 1 addon "" "OUTPUT_NAME" "SOURCES")
  conveyor_find_headers(NODE_API_HEADERS_DIR node-api-headers "require('node-api-headers').include_dir" node_api.h)
  add_library(${target} MODULE ${addon_SOURCES})
  target_compile_features(${target} PRIVATE cxx_std_20)
  target_compile_definitions(${target} PRIVATE NAPI_VERSION=8)
  target_include_directories(${target} SYSTEM PRIVATE "${NODE_API_HEADERS_DIR}")
  target_include_directories(${target} PRIVATE src)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Werror)
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME ${addon_OUTPUT_NAME}
    PREFIX ""
    SUFFIX ".node"
    LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}"
    CXX_EXTENSIONS OFF
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  if(APPLE)
    # The napi_* functions are in the node program that loads the addon.
    target_link_options(${target} PRIVATE -undefined dynamic_lookup)
  else()
    # Other copies of our libraries in the same process keep their own symbols. Node unloads an addon with the last
    # worker that used it, but threads, tables and fork handlers live on: it is never unloaded.
    target_link_options(${target} PRIVATE -Wl,--exclude-libs,ALL -Wl,-z,nodelete)
  endif()
  if(CONVEYOR_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${CONVEYOR_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(${target} PRIVATE -fsanitize=${CONVEYOR_SANITIZE})
  endif()
endfunction()
