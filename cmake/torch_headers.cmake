# SPDX-License-Identifier: Apache-2.0
# alarm_torch_headers(TARGET): LibTorch's headers, read once instead of once a file.
#
# <ATen/ATen.h> costs a file 7 s of compiling, precompiled 2 s, and 150 files want it. A precompiled header serves one code
# model: there is one for libraries (-fPIC) and one for programs (-fPIE). With a compiler launcher (ccache) there is none:
# a launcher sees a source and its headers, and keeps what is compiled without.
set(ALARM_PRECOMPILE_DEFAULT ON)
if(CMAKE_CXX_COMPILER_LAUNCHER)
  set(ALARM_PRECOMPILE_DEFAULT OFF)
endif()
option(ALARM_PRECOMPILE "Precompile LibTorch's headers" ${ALARM_PRECOMPILE_DEFAULT})

if(ALARM_PRECOMPILE)
  file(WRITE ${CMAKE_BINARY_DIR}/torch_headers/library.cpp "")
  file(WRITE ${CMAKE_BINARY_DIR}/torch_headers/program.cpp "int main() {}\n")
  add_library(alarm_headers_library STATIC ${CMAKE_BINARY_DIR}/torch_headers/library.cpp)
  add_executable(alarm_headers_program ${CMAKE_BINARY_DIR}/torch_headers/program.cpp)
  foreach(target alarm_headers_library alarm_headers_program)
    # alarm_fmt_first before LibTorch, whose include folder has a fmt of its own.
    target_link_libraries(${target} PRIVATE alarm_fmt_first alarm::torch fmt::fmt alarm_warnings)
    target_precompile_headers(${target} PRIVATE <ATen/ATen.h> <ATen/core/grad_mode.h> <fmt/format.h> <filesystem>
                              <functional> <map> <string> <vector>)
  endforeach()
endif()

function(alarm_torch_headers target)
  if(NOT ALARM_PRECOMPILE)
    return()
  endif()
  get_target_property(_type ${target} TYPE)
  if(_type STREQUAL "EXECUTABLE")
    target_precompile_headers(${target} REUSE_FROM alarm_headers_program)
  else()
    target_precompile_headers(${target} REUSE_FROM alarm_headers_library)
  endif()
endfunction()
