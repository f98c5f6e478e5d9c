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

set(CPACK_COMPONENT_PROGRAMS_DESCRIPTION
  "A set of small processes on a message bus that keeps an outbound phone campaign going while its providers fail:
retries, circuit breakers, fallbacks, alerts that arrive once, and no contact lost or dialled twice.")
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_NAME ringfence)
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_DEPENDS "systemd, ca-certificates, tzdata, passwd")
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_CONTROL_EXTRA
  ${PROJECT_SOURCE_DIR}/deploy/debian/postinst ${PROJECT_SOURCE_DIR}/deploy/debian/prerm
  ${PROJECT_SOURCE_DIR}/deploy/debian/postrm)

set(CPACK_COMPONENT_LIBRARY_DESCRIPTION
  "libringfence, to write clients of the bus with, and to guard functions of one's own by the same policies.")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libringfence-dev)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_DEPENDS "libjansson-dev")
include(CPack)
