# SPDX-License-Identifier: Apache-2.0
# alarm_room(NAME SOURCES a.cpp ... DEPS alarm::base ... [PRIVATE_DEPS lib ...])
#
# One static library a room, alarm::NAME. DEPS are the rooms (and LibTorch) that its headers show; PRIVATE_DEPS only its
# bodies. An include of a room that is not named does not link, and tests/rules checks the #include lines as well.

# Sanitizers in the rooms that do not link LibTorch, which is not built for them; what links such a room gets their runtime.
function(alarm_sanitize target)
  get_target_property(_links ${target} LINK_LIBRARIES)
  if(ALARM_SANITIZE AND NOT "alarm::torch" IN_LIST _links)
    target_compile_options(${target} PRIVATE -fsanitize=${ALARM_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${ALARM_SANITIZE})
  endif()
endfunction()

function(alarm_room name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(alarm_${name} STATIC ${ARG_SOURCES})
  add_library(alarm::${name} ALIAS alarm_${name})
  target_include_directories(alarm_${name} PUBLIC ${CMAKE_SOURCE_DIR}/include)
  target_include_directories(alarm_${name} PRIVATE ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(alarm_${name} PUBLIC ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS} $<BUILD_INTERFACE:alarm_warnings>)
  alarm_sanitize(alarm_${name})
  if("alarm::torch" IN_LIST ARG_DEPS)
    alarm_torch_headers(alarm_${name})
  endif()
  set_property(GLOBAL PROPERTY ALARM_DEPS_${name} "${ARG_DEPS}")
  set_property(GLOBAL APPEND PROPERTY ALARM_ROOMS ${name})
endfunction()
