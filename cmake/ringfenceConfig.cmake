# find_package(ringfence): ringfence::ringfence, the shared library. With COMPONENTS static also
# ringfence::static, which needs the development files of what it stands on.
include(CMakeFindDependencyMacro)
find_dependency(PkgConfig)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
include(${CMAKE_CURRENT_LIST_DIR}/ringfenceTargets.cmake)

if("static" IN_LIST ringfence_FIND_COMPONENTS)
  find_dependency(Threads)
  pkg_check_modules(CZMQ REQUIRED IMPORTED_TARGET libczmq)
  pkg_check_modules(ZMQ REQUIRED IMPORTED_TARGET libzmq)
  include(${CMAKE_CURRENT_LIST_DIR}/ringfenceStaticTargets.cmake)
endif()
