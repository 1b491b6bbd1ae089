# SPDX-License-Identifier: Apache-2.0
# alarm::torch: LibTorch out of the PyPI wheel (or ALARM_LIBTORCH), without find_package(Torch).
#
# TorchConfig.cmake would want a CUDA toolkit, enable the CUDA language and edit global flags even for a CPU build.
# The wheel needs none of that: an include path and five libraries do.
#
# launch/setup puts the wheel into .deps/site with the two CUDA libraries that libtorch_cpu.so wants, and with --cuda the
# rest of them (and nccl.h) into .deps/cuda.
if(ALARM_LIBTORCH)
  set(_torch ${ALARM_LIBTORCH})
else()
  set(_torch ${CMAKE_SOURCE_DIR}/.deps/site/torch)
endif()
if(NOT EXISTS ${_torch}/lib/libtorch_cpu.so)
  message(FATAL_ERROR "LibTorch is not at ${_torch}: run launch/setup, or set ALARM_LIBTORCH to a LibTorch folder")
endif()
cmake_path(GET _torch PARENT_PATH _wheels)
if(ALARM_CUDA AND NOT EXISTS ${_wheels}/nvidia/nccl/include/nccl.h)
  set(_wheels ${CMAKE_SOURCE_DIR}/.deps/cuda)
  if(NOT EXISTS ${_wheels}/nvidia/nccl/include/nccl.h)
    message(FATAL_ERROR "NCCL's header is not at ${_wheels}: run launch/setup --cuda")
  endif()
endif()

# LibTorch's include folder bundles fmt 12, Debian's spdlog wants fmt 9: a folder that holds nothing but a link to
# Debian's fmt goes first on the system include path.
find_path(FMT_INCLUDE_DIR fmt/format.h PATHS /usr/include NO_CACHE REQUIRED)
set(_fmt_first ${CMAKE_BINARY_DIR}/fmt_first)
file(MAKE_DIRECTORY ${_fmt_first})
file(CREATE_LINK ${FMT_INCLUDE_DIR}/fmt ${_fmt_first}/fmt SYMBOLIC)
add_library(alarm_fmt_first INTERFACE)
target_include_directories(alarm_fmt_first SYSTEM BEFORE INTERFACE ${_fmt_first})

add_library(alarm_torch INTERFACE)
add_library(alarm::torch ALIAS alarm_torch)
target_link_libraries(alarm_torch INTERFACE alarm_fmt_first)
target_include_directories(alarm_torch SYSTEM INTERFACE ${_torch}/include ${_torch}/include/torch/csrc/api/include)
target_link_directories(alarm_torch INTERFACE ${_torch}/lib)
# Not libtorch.so in a CPU build: it is empty, but asks for libtorch_cuda.so and with it all of CUDA.
set(ALARM_TORCH_LIBS torch_cpu c10)
set(ALARM_TORCH_RPATH ${_torch}/lib)
if(ALARM_CUDA)
  list(APPEND ALARM_TORCH_LIBS torch torch_cuda c10_cuda)
  file(GLOB _nvidia_libs ${_wheels}/nvidia/*/lib)
  find_library(NCCL_LIBRARY NAMES libnccl.so.2 PATHS ${_wheels}/nvidia/nccl/lib NO_DEFAULT_PATH NO_CACHE REQUIRED)
  find_library(CUDART_LIBRARY NAMES libcudart.so.13 PATHS ${_wheels}/nvidia/cu13/lib NO_DEFAULT_PATH NO_CACHE REQUIRED)
  add_library(alarm_nccl INTERFACE)
  add_library(alarm::nccl ALIAS alarm_nccl)
  target_include_directories(alarm_nccl SYSTEM INTERFACE ${_wheels}/nvidia/nccl/include ${_wheels}/nvidia/cu13/include)
  add_library(alarm_nccl_lib INTERFACE)          # the real library; tests link a host implementation instead
  target_link_libraries(alarm_nccl_lib INTERFACE ${NCCL_LIBRARY})
  add_library(alarm_cudart INTERFACE)
  target_link_libraries(alarm_cudart INTERFACE ${CUDART_LIBRARY})
else()
  set(_nvidia_libs ${_wheels}/nvidia/cu13/lib)
endif()
list(APPEND ALARM_TORCH_RPATH ${_nvidia_libs})
target_link_options(alarm_torch INTERFACE -Wl,--disable-new-dtags)
foreach(dir IN LISTS _nvidia_libs)
  target_link_options(alarm_torch INTERFACE -Wl,-rpath-link,${dir})
endforeach()
list(JOIN ALARM_TORCH_LIBS " -l" _torch_flags)
target_link_libraries(alarm_torch INTERFACE -Wl,--no-as-needed ${ALARM_TORCH_LIBS} -Wl,--as-needed)
set(CMAKE_BUILD_RPATH ${ALARM_TORCH_RPATH})
# A relocatable tree: LibTorch is looked for beside the binary first, then where the build found it.
set(CMAKE_INSTALL_RPATH "$ORIGIN/../lib/alarm-dist" ${ALARM_TORCH_RPATH})
# A wheel says its version in version.py, a LibTorch archive in build-version.
if(EXISTS ${_torch}/version.py)
  file(STRINGS ${_torch}/version.py _torch_version REGEX "^__version__")
else()
  file(STRINGS ${_torch}/build-version _torch_version)
endif()
string(REGEX MATCH "[0-9.]+[^']*" ALARM_TORCH_VERSION "${_torch_version}")
set(ALARM_TORCH_DIR ${_torch})
set(ALARM_TORCH_WHEELS ${_wheels})
