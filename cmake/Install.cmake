# cmake --install puts the programs, their manual pages and an example of a configuration in place;
# include/CMakeLists.txt adds libringfence. `--component programs` or `--component library` for one of them.
# The target `packaged` builds all of it, without the tests.
add_custom_target(packaged)
add_dependencies(packaged programs libringfence libringfence_static
  ringfence-man ringfence-operations-man ringfence-bus-man ringfence-completion)
install(TARGETS
  ringfence ringfence-broker ringfence-orchestrator ringfence-service-gateway ringfence-health-monitor
  ringfence-alerter ringfence-logger ringfence-console ringfence-simulator
  DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT programs)

file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/services/*/*.[1-8])
foreach(page ${pages} ${CMAKE_BINARY_DIR}/man/ringfence.yaml.5 ${CMAKE_BINARY_DIR}/man/ringfence-bus.7
    ${CMAKE_BINARY_DIR}/man/ringfence-events.7 ${CMAKE_BINARY_DIR}/man/ringfence-operations.7)
  string(REGEX REPLACE ".*\\." "" section ${page})
  install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section} COMPONENT programs)
endforeach()
# Where each shell looks for what packages bring.
set(made ${CMAKE_BINARY_DIR}/completion)
install(FILES ${made}/ringfence DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT programs)
install(FILES ${made}/_ringfence DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions COMPONENT programs)
install(FILES ${made}/ringfence.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT programs)
install(FILES ${PROJECT_SOURCE_DIR}/deploy/ringfence.yaml ${PROJECT_SOURCE_DIR}/README.md
  ${PROJECT_SOURCE_DIR}/services/logger/app_logs.schema.json
  ${PROJECT_SOURCE_DIR}/services/cli/ringfence-json.schema.json
  DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT programs)
