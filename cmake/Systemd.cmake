# A unit for each process out of one template, and what systemd makes at boot. They name the programs, so that they
# are made when it is known where these go: cmake --install PREFIX, or a package's prefix.
set(RF_SYSTEMD_DIR "lib/systemd" CACHE STRING "Folder of systemd's own files, under the prefix")

# rf_unit(FILE PROCESS TITLE ORDER INSTALL): ORDER and INSTALL are lines of their sections.
function(rf_unit UNIT PROCESS TITLE ORDER INSTALL)
  # Straight to its place: two installations at once share nothing.
  install(CODE "
    set(BIN \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
    set(UNIT \"${UNIT}\")
    set(PROCESS \"${PROCESS}\")
    set(TITLE \"${TITLE}\")
    set(ORDER \"${ORDER}\")
    set(INSTALL \"${INSTALL}\")
    set(unit \"\${CMAKE_INSTALL_PREFIX}/${RF_SYSTEMD_DIR}/system/${UNIT}\")
    configure_file(\"${PROJECT_SOURCE_DIR}/deploy/systemd/ringfence-process.service.in\" \"\$ENV{DESTDIR}\${unit}\" @ONLY)
    list(APPEND CMAKE_INSTALL_MANIFEST_FILES \"\${unit}\")"
    COMPONENT programs)
endfunction()

set(network "Wants=network-online.target\nAfter=network-online.target")
# Each would wait for the broker by itself; so the order only keeps their words of waiting out of the log.
set(broker "${network}\nAfter=ringfence-broker.service")
rf_unit(ringfence-broker.service broker "broker" "${network}" "")
rf_unit(ringfence-service-gateway@.service service-gateway "service gateway %i" "${broker}" "DefaultInstance=1")
foreach(process orchestrator health-monitor alerter logger console)
  rf_unit(ringfence-${process}.service ${process} ${process} "${broker}" "")
endforeach()

install(FILES ${PROJECT_SOURCE_DIR}/deploy/systemd/ringfence.target
  DESTINATION ${RF_SYSTEMD_DIR}/system COMPONENT programs)
foreach(kind sysusers tmpfiles)
  install(FILES ${PROJECT_SOURCE_DIR}/deploy/systemd/${kind}.conf
    DESTINATION lib/${kind}.d RENAME ringfence.conf COMPONENT programs)
endforeach()
