# cpack runs this on what is to become the Debian packages: what Debian wants in each beside what `cmake --install` puts
# in place. Manual pages and the changelog are packed without a time, so that the same source makes the same package.
foreach(component ${CPACK_COMPONENTS_ALL})
  string(TOUPPER ${component} upper)
  set(package ${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
  set(usr ${CPACK_TEMPORARY_DIRECTORY}/${component}${CPACK_PACKAGING_INSTALL_PREFIX})
  configure_file(${CPACK_DEBIAN_FOLDER}/changelog ${usr}/share/doc/${package}/changelog COPYONLY)
  configure_file(${CPACK_DEBIAN_FOLDER}/${package}.lintian-overrides ${usr}/share/lintian/overrides/${package} COPYONLY)
  file(GLOB packed ${usr}/share/man/man*/*.[1-8] ${usr}/share/doc/${package}/changelog)
  execute_process(COMMAND gzip -9n ${packed} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
