# cpack makes Debian packages: ringfence, the set, and libringfence-dev, for one's own clients.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ringfence)
set(CPACK_PACKAGE_VENDOR Ringfence)
set(CPACK_PACKAGE_CONTACT "Ringfence maintainers <maintainers@users.noreply.r-seed-37544ef1.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "error recovery for AI call agents")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL programs library)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_FOLDER ${PROJECT_SOURCE_DIR}/deploy/debian)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/DebianFiles.cmake)
file(STRINGS ${CPACK_DEBIAN_FOLDER}/changelog changelog_line LIMIT_COUNT 1)
if(NOT changelog_line MATCHES "^ringfence \\(${PROJECT_VERSION}\\) ")
  message(FATAL_ERROR "deploy/debian/changelog begins with \"${changelog_line}\", the version is ${PROJECT_VERSION}")
endif()

set(CPACK_COMPONENT_PROGRAMS_DESCRIPTION
  "A set of small processes on a message bus that keeps an outbound phone
campaign going while its providers fail: retries, circuit breakers, fallbacks,
alerts that arrive once, and no contact lost or dialled twice.")
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_NAME ringfence)
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_DEPENDS "systemd, ca-certificates, tzdata, passwd")
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_CONTROL_EXTRA
  ${CPACK_DEBIAN_FOLDER}/postinst ${CPACK_DEBIAN_FOLDER}/prerm ${CPACK_DEBIAN_FOLDER}/postrm)

set(CPACK_COMPONENT_LIBRARY_DESCRIPTION
  "The library libringfence and what a program is built with that uses it: to
write clients of the bus, and to guard functions of one's own by the same
policies.")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libringfence-dev)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_DEPENDS "libjansson-dev")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${CPACK_DEBIAN_FOLDER}/triggers)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
include(CPack)
